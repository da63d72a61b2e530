// The whole daemon on a machine in memory.
import type { TestContext } from "node:test";
import { runAgent } from "../../agent/agent.ts";
import type { NodeEvent } from "../../agent/kubernetes/node-api.ts";
import { clusterCa } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { MemoryAws } from "./memory-aws.ts";
import { settle } from "./memory-clock.ts";
import { MemoryContainerd } from "./memory-containerd.ts";
import type { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";
import { DOCKER_CONTAINERD_CONFIG, KEYS_FILE, sampleCluster, sampleConfig } from "./samples.ts";

export const CONFIG_FILE = "/etc/eks-satellite/config.yaml";
const SERVING_CERTIFICATE = "/var/lib/kubelet/pki/kubelet-server-current.pem";
const NODE = {
  metadata: { uid: "1" },
  status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1.34.4" } },
};

/** A cluster's API server and kubelet's own health, as HTTP answers them. */
function serveCluster(host: MemoryHost) {
  const cluster = {
    items: [NODE] as (typeof NODE)[],
    sendEvent: (_event: NodeEvent["kind"], _node?: object): void => undefined,
  };
  host.onFetch = ({ url }) =>
    url.includes("/healthz")
      ? { status: 200, body: "ok" }
      : { status: 200, body: JSON.stringify({ metadata: { resourceVersion: "1" }, items: cluster.items }) };
  host.onFollow = ({ onLine, signal }) => {
    const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
    signal.addEventListener("abort", () => resolve({ status: 200, body: "" }), { once: true });
    cluster.sendEvent = (kind, node = NODE) =>
      onLine(JSON.stringify({ type: kind === "deleted" ? "DELETED" : "MODIFIED", object: node }));
    return promise;
  };
  return cluster;
}

/** A machine with containerd, kubelet and the keys of an IAM user; `start` begins one run of the daemon on it, with more configuration in `yaml`. */
export function setUpAgent(context: Pick<TestContext, "after">, yaml = "") {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  host.files.put("/etc/containerd/config.toml", DOCKER_CONTAINERD_CONFIG);
  host.files.put(SERVING_CERTIFICATE, clusterCa);
  host.files.putFolder("/run/systemd/system");
  host.install("systemd-notify", () => ({}));
  for (const name of [new URL(sampleCluster().endpoint).hostname, `sts.${sampleCluster().region}.amazonaws.com`])
    host.names.set(name, ["192.0.2.1"]);
  containerd.start();
  const cluster = serveCluster(host);
  const aws = new MemoryAws(host.clock.now);
  const start = async (configProblem?: unknown) => {
    const port = await freePort();
    const stop = new AbortController();
    const memoryLog = createMemoryLog();
    const environment = { PATH: "/usr/bin", NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "90000000" };
    const config = sampleConfig(`health: { port: ${port} }\n${yaml}`);
    const running = runAgent(
      {
        host,
        aws,
        config,
        configProblem,
        configFile: CONFIG_FILE,
        onConfigChange: () => undefined,
        log: memoryLog.log,
        environment,
      },
      stop.signal,
    );
    const end = async () => {
      stop.abort();
      await host.clock.advance(1000);
      await running;
    };
    context.after(end);
    await settleDown(host);
    const status = async () => (await fetch(`http://127.0.0.1:${port}/status`)).json() as Promise<StatusDocument>;
    return { ...memoryLog, end, status, port };
  };
  return { host, containerd, cluster, aws, start };
}

export interface StatusDocument {
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  readonly rootCauses: readonly string[];
  readonly [key: string]: unknown;
}

/** Two seconds of the machine's time, in which everything that follows from a start has followed. */
export async function settleDown(host: MemoryHost): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await host.clock.advance(100);
    await settle();
  }
}

/** Status and reason by condition. */
export const conditionsOf = ({ conditions }: StatusDocument) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));

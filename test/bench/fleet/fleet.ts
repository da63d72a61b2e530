// A fleet on a sandbox: its Nodes, its processes, and what they have written down so far.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointName } from "../../sandbox/addresses.ts";
import { cleanEnvironment } from "../../sandbox/environment.ts";
import { inNamespace } from "../../sandbox/network.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { clusterName, region, roleArn } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { wellTimes } from "./analysis.ts";
import { type FleetRecord, type MemberFacts, readRecord } from "./record.ts";

/** Each has a core on the smallest machine that this is run on. */
const PROCESSES = 2;
const FIRST_HEALTH_PORT = 20_000;

/** What must be true on a node that does its work. */
export const WELL = [
  ...["ConfigInSync", "CredentialsFresh", "CredentialsRenewed", "ClusterKnown", "ClusterDescribed"],
  ...["ApiReachable", "IdentityAccepted", "NodeReady"],
];

/** The daemons of many nodes, running. */
export interface Fleet {
  readonly nodes: number;
  readonly beganMs: number;
  record(): Promise<FleetRecord>;
  /** Waits until all are well, and returns how long after `sinceMs` each became so, or 0 where it was before. @throws Error after the deadline */
  untilWell(sinceMs: number, deadlineMs: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Starts all daemons at the same time, as machines boot that one plan of Terraform makes. */
export async function startFleet(sandbox: Sandbox, nodes: number): Promise<Fleet> {
  await registerNodes(sandbox, nodes);
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-fleet-"));
  const facts = await readMemberFacts(sandbox);
  const beganMs = Date.now();
  const share = Math.ceil(nodes / PROCESSES);
  const children = Array.from({ length: PROCESSES }, (_, index) => {
    const first = index * share;
    const task = { first, count: Math.min(share, nodes - first), facts };
    return startProcess(sandbox, task, join(folder, `${index}.jsonl`));
  });
  const record = async () => {
    const texts = await Promise.all(children.map(({ file }) => readFile(file, "utf8")));
    return mergeRecords(texts.map(readRecord));
  };
  return {
    nodes,
    beganMs,
    record,
    untilWell: (sinceMs, deadlineMs) => untilWell({ record, nodes }, sinceMs, deadlineMs),
    async close() {
      await Promise.all(children.map(({ end }) => end()));
      await rm(folder, { recursive: true });
    },
  };
}

async function untilWell({ record, nodes }: Pick<Fleet, "record" | "nodes">, sinceMs: number, deadlineMs: number) {
  const notWell = async () => {
    const { conditions } = await record();
    const bad = new Map<string, string>();
    for (const { node, condition, status } of conditions)
      if (WELL.includes(condition)) bad.set(`${node} ${condition}`, status);
    const words = [...bad].filter(([, status]) => status !== "True").map(([key, status]) => `${key} ${status}`);
    return `${words.length} conditions are not true: ${words.slice(0, 5).join(", ")}`;
  };
  const wait = { what: `${nodes} nodes to be well`, deadlineMs, intervalMs: 2000, explain: notWell };
  const times = await waitFor(wait, async () => wellTimes((await record()).conditions, WELL, nodes));
  return times.map((time) => Math.max(0, time - sinceMs));
}

function startProcess({ folder, addresses }: Sandbox, task: object, file: string) {
  const output = openSync(file, "a");
  const program = join(import.meta.dirname, "process.ts");
  const [command, ...args] = inNamespace(addresses.controlNamespace, [
    process.execPath,
    ...["--max-old-space-size=4096", program, JSON.stringify(task)],
  ]);
  const env = cleanEnvironment({ NODE_EXTRA_CA_CERTS: join(folder, "pki", "aws-ca.crt") });
  const child = spawn(command, args, { env, stdio: ["ignore", output, "inherit"] });
  closeSync(output);
  const ended = once(child, "exit");
  const end = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { file, end };
}

async function readMemberFacts({ folder, facts }: Sandbox): Promise<MemberFacts> {
  const { accessKeyId, secretAccessKey, clusterId } = facts;
  return {
    cluster: clusterName,
    region,
    roleArn,
    endpoint: `https://${endpointName(clusterId)}`,
    keysFile: `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
    servingCertificate: await readFile(join(folder, "pki", "ca.crt"), "utf8"),
    healthPort: FIRST_HEALTH_PORT,
  };
}

/** kubelet registers a Node with its status. There is no kubelet here: the Nodes are Ready, and say no more than a daemon reads. */
async function registerNodes(sandbox: Sandbox, nodes: number): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" };
  const items = Array.from({ length: nodes }, (_, index) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `fleet-${index}` },
    status: {
      conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }],
      addresses: [{ type: "InternalIP", address: `192.0.2.${index % 256}` }],
      nodeInfo: { kubeletVersion: "v1.34.4" },
    },
  }));
  await sandbox.kubectl(
    ["create", "--validate=false", "--filename=-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  );
}

function mergeRecords(records: readonly FleetRecord[]): FleetRecord {
  const byTime = (one: { readonly atMs: number }, other: { readonly atMs: number }) => one.atMs - other.atMs;
  return {
    requests: records.flatMap(({ requests }) => requests).toSorted(byTime),
    conditions: records.flatMap(({ conditions }) => conditions).toSorted(byTime),
    attempts: records.flatMap(({ attempts }) => attempts).toSorted(byTime),
  };
}

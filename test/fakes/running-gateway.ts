// The whole gateway in memory: its machine, the cluster, AWS and the metadata service.
import type { TestContext } from "node:test";
import { parseSettings } from "../../agent/config/load.ts";
import { runGateway } from "../../agent/gateway/gateway.ts";
import { gatewaySchema } from "../../agent/gateway/gateway-schema.ts";
import { Secret } from "../../agent/secret.ts";
import { renderNetworkEntry, renderNodeEntry } from "../../agent/tunnel/entries.ts";
import { PUBLIC_KEY_ANNOTATION } from "../../agent/tunnel/names.ts";
import { publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { MemoryAws } from "./memory-aws.ts";
import { MemoryClusterApi } from "./memory-cluster-api.ts";
import { MemoryGatewayMachine } from "./memory-gateway.ts";
import { MemoryHost } from "./memory-host.ts";
import { MemoryInstance } from "./memory-instance.ts";
import { createMemoryLog } from "./memory-log.ts";

export const [KEY_A = "", KEY_B = "", KEY_C = ""] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString("base64"));
const NETWORK = {
  nodes: "10.250.0.0/24",
  pods: "10.250.16.0/20",
  vpcCidrs: ["10.20.0.0/16"],
  serviceCidr: "10.100.0.0/16",
};
export const ENTRIES = {
  ...renderNetworkEntry(NETWORK),
  ...renderNodeEntry("a", { address: "10.250.0.11", pods: ["10.250.16.0/24"] }),
  ...renderNodeEntry("b", { address: "10.250.0.12", pods: [] }),
};
export const says = (key: string) => ({ [PUBLIC_KEY_ANNOTATION]: key });

export function setUpRunningGateway(context: TestContext) {
  const host = new MemoryHost();
  const machine = new MemoryGatewayMachine(host);
  machine.publicKeyOf = (key) => publicKeyOf(new Secret(key));
  const instance = new MemoryInstance();
  instance.giveKeys("ASIAGATEWAY", "2026-01-02T09:00:00Z");
  // The health server is real: the gateway's address must be this machine's.
  instance.values.set("meta-data/local-ipv4", `127.0.${process.pid % 250}.${1 + (process.hrtime()[1] % 250)}`);
  const cluster = new MemoryClusterApi();
  cluster.maps.set("eks-satellite-network", { ...ENTRIES });
  cluster.maps.set("eks-satellite-gateways", { other: "kept" });
  cluster.nodes.set("a", says(KEY_A)).set("b", says(KEY_B)).set("ec2", {});
  cluster.slices.set("kubernetes", [{ addresses: ["10.20.1.10"], port: 443, protocol: "TCP" }]);
  host.onFetch = (request) => instance.answer(request) ?? cluster.answer(request);
  host.onFollow = (request) => cluster.follow(request);
  const aws = new MemoryAws(host.clock.now);
  const memoryLog = createMemoryLog();
  const run = async () => {
    const stop = new AbortController();
    const config = parseSettings(gatewaySchema, "cluster: { name: demo, region: us-west-2 }", "gateway.yaml", "");
    const ended = runGateway({ host, aws, config, log: memoryLog.log, environment: {} }, stop.signal);
    const end = async () => {
      stop.abort();
      await ended;
    };
    context.after(end);
    await host.clock.advance(1500);
    return { end };
  };
  return { host, machine, instance, cluster, aws, run, ...memoryLog };
}

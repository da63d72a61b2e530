// Behind the gateway: its real health endpoint, an API server, and packets to the satellite. Prints a line for each packet that comes back.
import { createSocket } from "node:dgram";
import { createServer } from "node:https";
import { createInterface } from "node:readline";
import { GatewayHealthReport } from "../../../agent/gateway/gateway-health.ts";
import { serveGateway } from "../../../agent/gateway/gateway-server.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { localhost } from "../../fakes/certificates.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { OWN_KEY } from "../watch/samples.ts";
import { API_ADDRESS, GATEWAY_ADDRESS, NODE_ADDRESS } from "./lab.ts";

export const API_PORT = 8443;
export const ECHO_PORT = 7;
const PING_EVERY_MS = 50;

/** The endpoint as `eks-satellite gateway run` serves it, without a cluster behind. */
async function serveHealth(): Promise<void> {
  const host = createLinuxHost();
  const { log } = createMemoryLog();
  const peer = { node: "gpu-1", publicKey: OWN_KEY, address: NODE_ADDRESS, allowedIps: [`${NODE_ADDRESS}/32`] };
  const report = new GatewayHealthReport({
    ...{ host, log },
    sync: {
      identity: { name: "demo" },
      table: { at: (address: string) => (address === NODE_ADDRESS ? peer : undefined) },
    } as never,
    view: { services: { apiServers: [{ address: API_ADDRESS, port: API_PORT, protocol: "tcp" }], clusterDns: [] } },
  });
  const sources = {
    health: (address: string) => report.answer(address),
    digest: (address: string) => report.digest(address),
    onKnock: (address: string) => report.look(address),
    onKeyChange: async () => "unknown" as const,
    role: () => "ok" as const,
    livez: () => [],
    metrics: async () => ({ contentType: "", body: "" }),
    network: () => ({ nodes: "10.250.0.0/16", vpcCidrs: ["10.20.0.0/16"], serviceCidr: "10.100.0.0/16" }),
    monotonic: host.clock.monotonic,
  };
  await serveGateway(GATEWAY_ADDRESS, sources, log, new AbortController().signal);
}

if (import.meta.main) {
  await serveHealth();
  createServer(localhost, (_, response) => void response.end("ok")).listen(API_PORT, API_ADDRESS);
  const socket = createSocket("udp4");
  socket.on("message", () => void console.log(JSON.stringify({ atMs: Date.now() })));
  socket.on("error", () => undefined); // No way leads there while the gateway's WireGuard is gone.
  let isPinging = false;
  setInterval(() => {
    if (isPinging) socket.send("ping", ECHO_PORT, NODE_ADDRESS, () => undefined);
  }, PING_EVERY_MS);
  createInterface({ input: process.stdin }).on("line", (word) => {
    isPinging = word === "ping";
  });
}

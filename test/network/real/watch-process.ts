// The watch as the daemon runs it, on the real machine, in the satellite's namespace. Prints each change of a condition.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { restartPlannedPeer } from "../../../agent/apply/tunnel/restart-peer.ts";
import { ConditionBoard } from "../../../agent/board/conditions.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { Loop } from "../../../agent/loop/loop.ts";
import { TunnelWatch } from "../../../agent/network/watch/tunnel-watch.ts";
import { localhost } from "../../fakes/certificates.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { sampleCluster, sampleConfig } from "../../fakes/samples.ts";
import { API_PORT, ECHO_PORT } from "./far-end.ts";
import { GATEWAY_ADDRESS, NODE_ADDRESS } from "./lab.ts";

const ENDPOINT = "203.0.113.5:51820";

/** Watches the interface's one peer. */
function watch(name: string, publicKey: string): void {
  const host = createLinuxHost();
  const { log } = createMemoryLog();
  const { now, monotonic, sleep } = host.clock;
  const board = new ConditionBoard({
    ...{ log, now, sleep },
    emit: (event) => {
      if (event.kind !== "condition-changed") return;
      const { type, status, reason } = event.condition;
      console.log(JSON.stringify({ atMs: Date.now(), type, status, reason }));
    },
  });
  const tunnel = {
    ...{ interface: name, address: NODE_ADDRESS, vpcCidrs: ["10.20.0.0/16"] },
    gateway: { name: "gateway-1", publicKey, endpoint: ENDPOINT, address: GATEWAY_ADDRESS },
  };
  const peers = [{ publicKey, endpoint: ENDPOINT, allowedIps: ["10.20.0.0/16"], keepaliveSeconds: 15 }];
  const tunnelWatch = new TunnelWatch({
    ...{ host, log, board, config: sampleConfig(), emit: () => undefined, tunnel: () => tunnel },
    cluster: () =>
      sampleCluster({
        ...{ endpoint: `https://localhost:${API_PORT}`, caPem: localhost.cert },
        remoteNetworks: { nodes: ["10.250.0.0/16"], pods: [] },
      }),
    restartPeer: (key) => restartPlannedPeer(host, [{ interface: name, peers }], key),
  });
  const loop = new Loop({
    ...{ name: "tunnel", everySeconds: () => tunnelWatch.periodSeconds(), run: () => tunnelWatch.round() },
    ...{ log, monotonic, sleep, random: host.random },
  });
  void loop.start(new AbortController().signal);
  const echo = createSocket("udp4");
  echo.on("message", (message, { address, port }) => echo.send(message, port, address));
  echo.bind(ECHO_PORT, NODE_ADDRESS);
  process.stdin.on("data", (word) => {
    if (String(word).trim() === "kubelet") createServer().listen(10_250, NODE_ADDRESS);
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ atMs: Date.now(), cpuMs: (user + system) / 1000, ...tunnelWatch.status().tunnel }));
  });
}

if (import.meta.main) watch(String(process.argv[2]), String(process.argv[3]));

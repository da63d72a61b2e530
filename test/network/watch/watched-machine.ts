// A machine in memory with a tunnel and a gateway that a test switches on and off.
import type { TestContext } from "node:test";
import { sha256 } from "../../../agent/digest.ts";
import { Loop } from "../../../agent/loop/loop.ts";
import { type TunnelEvent, TunnelWatch } from "../../../agent/network/watch/tunnel-watch.ts";
import type { WatchedTunnel } from "../../../agent/network/watch/watched-tunnel.ts";
import type { GatewayHealth } from "../../../agent/tunnel/health.ts";
import { GATEWAY_HEALTH_PORT } from "../../../agent/tunnel/names.ts";
import { createBoard } from "../../fakes/board.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { sampleCluster, sampleConfig } from "../../fakes/samples.ts";
import { dumpOf, sampleHealth, sampleTunnel } from "./samples.ts";

/** What is behind the tunnel, and what a test changes of it. */
export interface Far {
  /** Whether packets pass. `until-restart`: the gateway has lost its session, and answers once the peer is set anew. */
  link: "up" | "down" | "until-restart";
  /** Nothing listens on the gateway's port. */
  isRefusing: boolean;
  health: GatewayHealth;
  isApiServerSilent: boolean;
}

export function createWatchedMachine({ config = "", isEarlierGateway = false } = {}) {
  const host = new MemoryHost();
  const { log, lines } = createMemoryLog();
  const board = createBoard(log, host.clock);
  board.setTrue("TunnelConfigured", "Configured", "as planned");
  const far: Far = { link: "up", isRefusing: false, health: sampleHealth(), isApiServerSilent: false };
  const state: {
    tunnel: WatchedTunnel | undefined;
    knocks: number;
    connections: number;
    asked: number;
    tls: number;
    restarts: number[];
  } = {
    ...{ tunnel: sampleTunnel(), knocks: 0, connections: 0, asked: 0, tls: 0, restarts: [] },
  };
  const events: TunnelEvent[] = [];
  const lateness = (seconds: number) => host.clock.sleep(seconds * 1000);
  host.onReach = async (_address, port) => {
    if (port === GATEWAY_HEALTH_PORT) state.knocks += 1;
    else state.connections += 1;
    if (port !== GATEWAY_HEALTH_PORT && far.isApiServerSilent) return "silent";
    if (far.link === "up") return far.isRefusing ? "refused" : "ok";
    await lateness(1);
    return "silent";
  };
  host.onFetch = ({ url }) => {
    const isHealth = url.endsWith("/healthz");
    if (isHealth) state.asked += 1;
    else state.tls += 1;
    if (far.isRefusing || far.link !== "up" || (!isHealth && far.isApiServerSilent))
      throw Object.assign(new Error("silent"), { code: far.isRefusing ? "ECONNREFUSED" : "ETIMEDOUT" });
    return { status: 200, body: JSON.stringify(isHealth ? { ...far.health, digest: digest() } : "ok") };
  };
  const digest = () => (isEarlierGateway ? undefined : sha256(JSON.stringify(far.health)).slice(0, 16));
  host.onDigest = digest;
  host.install("wg", () => ({ stdout: dumpOf() }));
  const watch = new TunnelWatch({
    ...{ host, log, board, config: sampleConfig(config), emit: (event: TunnelEvent) => void events.push(event) },
    tunnel: () => state.tunnel,
    cluster: () => sampleCluster({ remoteNetworks: { nodes: ["10.250.0.0/16"], pods: [] } }),
    restartPeer: async () => {
      state.restarts.push(host.clock.monotonic());
      if (far.link === "until-restart") far.link = "up";
    },
  });
  const loop = new Loop({
    ...{ name: "tunnel", everySeconds: () => watch.periodSeconds(), log, random: () => 0 },
    ...{ run: () => watch.round(), isNeeded: () => watch.isNeeded() },
    ...{ monotonic: host.clock.monotonic, sleep: host.clock.sleep },
  });
  const outcome = (type: "TunnelUp" | "ControlPlaneRoute") => `${board.get(type).status} ${board.get(type).reason}`;
  return { host, log, lines, board, far, state, events, watch, loop, outcome };
}

/** A machine whose tunnel is watched from now on. */
export async function startWatchedMachine(context: TestContext, { isEarlierGateway = false } = {}) {
  const machine = createWatchedMachine({ isEarlierGateway });
  const stop = new AbortController();
  context.after(() => stop.abort());
  await machine.loop.start(stop.signal);
  return machine;
}

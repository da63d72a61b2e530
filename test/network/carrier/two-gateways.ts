// A machine in memory with a tunnel to each of two gateways, whose answers a test decides.
import { moveRoutes } from "../../../agent/apply/tunnel/move-routes.ts";
import type { WantedTunnel } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { Loop } from "../../../agent/loop/loop.ts";
import { Carrier } from "../../../agent/network/carrier/carrier.ts";
import { type CarrierEvent, CarrierWatch, PULSE_EVERY_SECONDS } from "../../../agent/network/carrier/carrier-watch.ts";
import type { PlannedTunnel } from "../../../agent/plan/tunnel/resources.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";

export const FIRST = sampleGateway({ name: "gateway-1" });
export const SECOND = sampleGateway({
  ...{ name: "gateway-1-standby", publicKey: "4J3vxUhHbkmYWTWhXWgb0wU6HEFBn7DyvK4WOOCQ/EY=", address: "10.20.2.5" },
  ...{ endpoint: "198.51.100.6:51820", resolved: "198.51.100.6:51820" },
});

/** What a second without an answer is on a machine that has other things to do, too. */
const SILENT_MS = 1010;

/** What each says; silent: {@link SILENT_MS} pass without an answer. */
export type Answer = "holder" | "standby" | "ok" | "silent" | "refused";

export function planFor(changes: Partial<WantedTunnel> = {}): PlannedTunnel {
  const wanted = sampleTunnel({ gateways: [FIRST, SECOND], ...changes });
  return { wanted, links: planTunnel(sampleConfig(), wanted).filter((resource) => resource.kind === "tunnel") };
}

/** The kernel's table with the VPC's network, 10.20.0.0/16, by this interface. */
export function routeTable(name: string): string {
  return `Iface\n${name}\t0000140A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n`;
}

export async function createPair(changes: Partial<WantedTunnel> = {}) {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  const { log, messages } = createMemoryLog();
  const carrier = new Carrier();
  const events: CarrierEvent[] = [];
  const state: { plan: PlannedTunnel | undefined } = { plan: planFor(changes) };
  const answers = new Map<string, Answer>([
    [FIRST.address, "holder"],
    [SECOND.address, "standby"],
  ]);
  for (const name of ["es0", "es1"]) network.addLink(name);
  for (const { interface: name, peers } of state.plan?.links ?? [])
    for (const { publicKey, endpoint } of peers)
      (name === "es1" ? network.second.peers : network.peers).set(publicKey, {
        ...{ endpoint, allowedIps: "(none)", keepalive: "off" },
      });
  host.pulse = async (address) => {
    const answer = answers.get(address) ?? "silent";
    if (answer === "silent") await host.clock.sleep(SILENT_MS);
    return answer;
  };
  const [first] = state.plan?.links ?? [];
  if (first !== undefined) await moveRoutes(host, first, first);
  host.files.put("/proc/net/route", routeTable(first?.interface ?? "es0"));
  const watch = new CarrierWatch({
    ...{ host, log, carrier, planned: () => state.plan },
    emit: (event) => void events.push(event),
  });
  const loop = new Loop({
    ...{ name: "carrier", everySeconds: PULSE_EVERY_SECONDS, log, random: () => 0 },
    ...{ run: () => watch.round(), isNeeded: () => watch.isNeeded() },
    ...{ monotonic: host.clock.monotonic, sleep: host.clock.sleep },
  });
  /** The interface that has the VPC's route. */
  const carrying = () => (network.second.routes.has("10.20.0.0/16") ? "es1" : "es0");
  return { host, network, carrier, events, state, answers, watch, loop, messages, carrying };
}

// The figures of a gateway of a large cluster: what a change costs with 500 satellites and with 10, and what it costs a packet.
import { setTimeout as delay } from "node:timers/promises";
import { findApiServer } from "../gateway/real/api-server.ts";
import { SATELLITES, VPC_HOST } from "../gateway/real/peers-lab.ts";
import { cpuSeconds, ScaleGateway, times } from "../gateway/real/scale-gateway.ts";
import { findPrograms } from "../network/real/programs.ts";
import { type Figure, median } from "./figure.ts";

const MANY = 500;
const FEW = 10;
/** Satellites whose keys change, of either cluster. */
const CHANGED = times(9, 1);
const TURNS = 3;
const PACKETS = { count: 3000, everyMs: 10, from: VPC_HOST };
/** Four rounds that have nothing to do. */
const IDLE_MS = 120_000;

interface Changes {
  readonly milliseconds: readonly number[];
  readonly syncMs: readonly number[];
  readonly cpuMs: number;
  readonly lost: number;
}

export async function reportGatewayFigures(report: (figure: Figure) => void): Promise<void> {
  const few = await onGateway(FEW, measureChanges);
  const { start, many, idle } = await onGateway(MANY, async (gateway, seconds) => ({
    start: seconds,
    many: await measureChanges(gateway),
    idle: await measureIdle(),
  }));
  report({ metric: "gateway_500_start_s", value: start });
  report({
    ...{ metric: "gateway_500_change_ms", value: median(many.milliseconds) },
    samples: { longest: Math.max(...many.milliseconds), of10: median(few.milliseconds) },
  });
  report({ metric: "gateway_500_sync_ms", value: median(many.syncMs), samples: { of10: median(few.syncMs) } });
  report({ metric: "gateway_500_change_cpu_ms", value: many.cpuMs, samples: { of10: few.cpuMs } });
  report({ metric: "gateway_500_lost_packets", value: many.lost, samples: { sent: PACKETS.count } });
  report({ metric: "gateway_500_idle_cpu_percent", value: idle });
}

/** Does work on a gateway with so many satellites. @param work gets the seconds from its start until all were peers, too */
async function onGateway<T>(satellites: number, work: (gateway: ScaleGateway, seconds: number) => Promise<T>) {
  const [programs, apiPrograms] = [findPrograms(), findApiServer()];
  if (typeof programs === "string") throw new Error(programs);
  if (typeof apiPrograms === "string") throw new Error(apiPrograms);
  const gateway = new ScaleGateway(programs);
  try {
    await gateway.up(apiPrograms, satellites);
    const seconds = await gateway.run(satellites);
    const answers = { count: 10, everyMs: 500, from: SATELLITES.a };
    if ((await gateway.lab.packets("a", VPC_HOST, answers)) === 0) throw new Error("the tunnel is not up");
    return await work(gateway, seconds);
  } finally {
    await gateway.down();
  }
}

/** Changes keys one after the other while packets pass. The processor's time counts this process's, which changes them, too. */
async function measureChanges(gateway: ScaleGateway): Promise<Changes> {
  const [milliseconds, syncMs]: [number[], number[]] = [[], []];
  const pings = gateway.lab.packets("vpc", SATELLITES.a, PACKETS);
  const began = cpuSeconds();
  for (const turn of times(TURNS, 1))
    for (const index of CHANGED) {
      milliseconds.push(await gateway.changeKey(index, turn));
      syncMs.push(gateway.sync.numbers.lastSyncSeconds * 1000);
    }
  const cpuMs = ((cpuSeconds() - began) * 1000) / milliseconds.length;
  return { milliseconds, syncMs, cpuMs, lost: PACKETS.count - (await pings) };
}

async function measureIdle(): Promise<number> {
  const began = cpuSeconds();
  await delay(IDLE_MS);
  return ((cpuSeconds() - began) * 100_000) / IDLE_MS;
}

import type { TestContext } from "node:test";
import { ConditionBoard } from "../../agent/board/conditions.ts";
import { criticalGpuConditions, GPU_CONDITIONS } from "../../agent/gpu/gpu-report.ts";
import { GpuWatch, type GpuWatchOptions } from "../../agent/gpu/gpu-watch.ts";
import { becomeGpuMachine, type GpuMachine, readGpuMachine } from "./gpu-machine.ts";
import { settle } from "./memory-clock.ts";
import { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";
import { sampleConfig } from "./samples.ts";

export const ROUND_MS = 30_000;

interface Options {
  readonly config?: string;
  readonly host?: MemoryHost;
  readonly changes?: Partial<GpuMachine>;
  readonly onJudged?: GpuWatchOptions["onJudged"];
}

/** A machine of the fixtures, watched; its kernel log is what `say` writes, and what it begins with. */
export function setUpGpuWatch(
  context: Pick<TestContext, "after">,
  name: string,
  { config: more = "", host = new MemoryHost(), changes, onJudged }: Options = {},
) {
  const machine = { ...readGpuMachine(name), ...changes };
  becomeGpuMachine(host, machine);
  const config = sampleConfig(more);
  const { log, lines, messages } = createMemoryLog();
  const board = new ConditionBoard({
    ...{ log, now: host.clock.now, sleep: host.clock.sleep },
    critical: criticalGpuConditions(config),
  });
  const stop = new AbortController();
  context.after(() => stop.abort());
  const watch = new GpuWatch({
    ...{ host, config, board, log, signal: stop.signal },
    ...(onJudged === undefined ? {} : { onJudged }),
  });
  const write = (process: (typeof host.spawned)[number]["process"] | undefined, line: string) =>
    process?.stdout.write(`${line}\n`);
  host.onSpawn = ({ process }) => {
    for (const line of machine.kernelLog ?? []) write(process, line);
  };
  /** Rounds half a minute apart, each to its end, be it a time-out. */
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      if (round > 0) await host.clock.advance(ROUND_MS);
      const running = watch.round();
      await settle();
      if (machine.nvidiaSmi.stuck === true) await host.clock.advance(22_000);
      await running;
      await settle();
    }
  };
  const say = async (line: string) => {
    write(host.spawned.at(-1)?.process, line);
    await settle();
  };
  const shown = () =>
    Object.fromEntries(GPU_CONDITIONS.map((type) => [type, `${board.get(type).status} ${board.get(type).reason}`]));
  return { host, machine, board, watch, stop, lines, messages, rounds, say, shown };
}

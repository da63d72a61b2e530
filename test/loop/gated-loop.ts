// A loop by a clock in memory, and a round that a test ends by hand.
import { Loop } from "../../agent/loop/loop.ts";
import { MemoryClock, settle } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

export function setUp(run: () => Promise<void>, everySeconds = 30, share = 0) {
  const { log, lines } = createMemoryLog();
  const clock = new MemoryClock();
  const { monotonic, sleep } = clock;
  const failures: unknown[] = [];
  const loop = new Loop({
    name: "test",
    everySeconds,
    ...{ run, log, monotonic, sleep, random: () => share },
    onFailure: (error) => void failures.push(error),
  });
  return { loop, lines, clock, failures };
}

/** A round that a test ends by hand. */
export function createGate() {
  const opened: (() => void)[] = [];
  return {
    rounds: () => opened.length,
    run: () => new Promise<void>((resolve) => opened.push(resolve)),
    endRound: async () => {
      opened.at(-1)?.();
      await settle();
    },
  };
}

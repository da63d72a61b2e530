// What a day leaves behind in the daemon's memory.
import { join } from "node:path";
import { execa } from "execa";

/** The heap at the end of a simulated day above the least that it was after any hour, in MB of a million bytes. */
export async function measureMemoryGrowth(): Promise<{ readonly growthMegabytes: number; readonly rounds: number }> {
  const { stdout } = await execa(process.execPath, ["--expose-gc", join(import.meta.dirname, "memory-day.ts")]);
  const { heaps, rounds } = JSON.parse(stdout) as { readonly heaps: readonly number[]; readonly rounds: number };
  // From the least and not from the first: what V8 throws away on the way must not hide what grows.
  return { growthMegabytes: ((heaps.at(-1) ?? Number.NaN) - Math.min(...heaps)) / 1e6, rounds };
}

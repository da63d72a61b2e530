// What it costs a processor that all conditions are reported again as they are, by how many of them are false: parts do so each round.
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { ConditionBoard } from "../../agent/board/conditions.ts";
import { readVerdict } from "../../agent/board/verdict.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { type Figure, median } from "./figure.ts";

const RUNS = 200;

/** Reports it for a healthy node, and in the samples for one of which nothing is well. */
export function reportConditionFigures(report: (figure: Figure) => void): void {
  const falseCounts = [0, 1, Math.floor(CONDITION_TYPES.length / 2), CONDITION_TYPES.length];
  const samples = falseCounts.map(
    (count) => [`${count} of ${CONDITION_TYPES.length} false`, measureReports(count)] as const,
  );
  report({ metric: "conditions_cpu_ms", value: samples[0]?.[1] ?? Number.NaN, samples: Object.fromEntries(samples) });
}

/** Milliseconds of a processor, the median of many. */
function measureReports(falseCount: number): number {
  const { log } = createMemoryLog();
  const board = new ConditionBoard({ log, now: Date.now, sleep: () => Promise.reject(new Error("no time passes")) });
  const reportAll = () => {
    for (const [index, type] of CONDITION_TYPES.entries()) {
      if (index < falseCount) board.set(type, { status: "False", reason: "Broken", message: "it does not answer" });
      else board.setTrue(type, "Working", "it answers");
    }
  };
  reportAll();
  const milliseconds = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    reportAll();
    readVerdict(board);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.round(median(milliseconds) * 1000) / 1000;
}

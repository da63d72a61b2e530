// The log's own health as /metrics shows it.
import type { LogOutput } from "../host/log-output.ts";
import { type Family, family } from "./metric-family.ts";

/** Returns what reports the lines that the output has lost. */
export function createLogReport(output: Pick<LogOutput, "lostLines"> | undefined) {
  return {
    metrics: (): readonly Family[] => [
      family("counter", "log_lines_lost_total", "Lines of the log that could not be written.", () => [
        { value: output?.lostLines() ?? 0 },
      ]),
    ],
  };
}

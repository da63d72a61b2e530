// A log whose lines a test reads.
import { createLog, type Log } from "../../agent/log.ts";

export interface LogLine {
  readonly level: string;
  readonly msg?: string;
  readonly err?: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly [field: string]: unknown;
}

export interface MemoryLog {
  readonly log: Log;
  readonly lines: LogLine[];
  /** Messages of one level. */
  messages(level: string): readonly string[];
}

export function createMemoryLog(): MemoryLog {
  const lines: LogLine[] = [];
  const log = createLog({ level: "debug", format: "json" }, (line) => void lines.push(JSON.parse(line) as LogLine));
  return {
    log,
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map(({ msg }) => msg ?? ""),
  };
}

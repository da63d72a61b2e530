// A log whose lines a test reads, or waits for.
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
  /** Resolves with the next line, or one that is there already, whose message matches. */
  seen(pattern: RegExp): Promise<LogLine>;
}

export function createMemoryLog(): MemoryLog {
  const lines: LogLine[] = [];
  const watchers = new Set<(line: LogLine) => void>();
  const write = (text: string) => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    for (const watcher of watchers) watcher(line);
  };
  return {
    log: createLog({ level: "debug", format: "json" }, write),
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map(({ msg }) => msg ?? ""),
    seen: (pattern) =>
      new Promise((resolve) => {
        const matches = ({ msg = "" }: LogLine) => pattern.test(msg);
        const found = lines.find(matches);
        if (found !== undefined) return resolve(found);
        const watcher = (line: LogLine) => {
          if (!matches(line)) return;
          watchers.delete(watcher);
          resolve(line);
        };
        watchers.add(watcher);
      }),
  };
}

// The same line again and again: written once, then counted; the count is logged when the time is up.

const WINDOW_MS = 60_000;
/** Lines remembered at a time; beyond that the oldest is logged and forgotten. */
const MAX_REMEMBERED = 100;

interface Remembered {
  readonly sinceMs: number;
  repeated: number;
}

export interface FoldOptions {
  readonly now: () => number;
  /** Calls back after some milliseconds; it must not keep the process alive. */
  readonly schedule: (work: () => void, milliseconds: number) => void;
  /** Receives what is to be called at the end, so that no count is lost with the process. */
  readonly atEnd?: (work: () => void) => void;
}

/** A line of pino's: JSON with its newline. */
type Write = (line: string) => void;

/** Returns a writer that hands a line on once in a minute, and then how often it was repeated. */
export function foldRepeats(write: Write, { now, schedule, atEnd }: FoldOptions): Write {
  const remembered = new Map<string, Remembered>();
  const flush = (key: string) => {
    const known = remembered.get(key);
    remembered.delete(key);
    if (known !== undefined && known.repeated > 0) write(withCount(key, known, now()));
  };
  atEnd?.(() => {
    for (const key of [...remembered.keys()]) flush(key);
  });
  return (line) => {
    const key = withoutTime(line);
    const known = remembered.get(key);
    if (known !== undefined && now() - known.sinceMs < WINDOW_MS) {
      known.repeated += 1;
      return;
    }
    if (known !== undefined) flush(key);
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) flush(oldest);
    const fresh = { sinceMs: now(), repeated: 0 };
    remembered.set(key, fresh);
    schedule(() => {
      if (remembered.get(key) === fresh) flush(key);
    }, WINDOW_MS);
    write(line);
  };
}

function withoutTime(line: string): string {
  return line.replace(/,"time":"[^"]*"/, "");
}

function withCount(key: string, { repeated, sinceMs }: Remembered, nowMs: number): string {
  const { level, msg, ...fields } = JSON.parse(key) as Record<string, unknown>;
  const time = new Date(nowMs).toISOString();
  const times = `${repeated} more ${repeated === 1 ? "time" : "times"} in ${Math.round((nowMs - sinceMs) / 1000)} s`;
  return `${JSON.stringify({ level, time, repeated, ...fields, msg: `${String(msg ?? "")} (${times})` })}\n`;
}

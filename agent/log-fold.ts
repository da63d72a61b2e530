// The same line again and again: written once, then counted, and the count told when the time is up.

const WINDOW_MS = 60_000;
/** Lines remembered at a time; beyond that the oldest is told and forgotten. */
const MAX_REMEMBERED = 100;

interface Remembered {
  readonly sinceMs: number;
  repeated: number;
}

export interface FoldOptions {
  readonly now: () => number;
  /** Calls back after some milliseconds; it must not keep the process alive. */
  readonly schedule: (work: () => void, milliseconds: number) => void;
}

/** A line of pino's: JSON with its newline. */
type Write = (line: string) => void;

/** Returns a writer that hands a line on once in a minute, and then how often it was repeated. */
export function foldRepeats(write: Write, { now, schedule }: FoldOptions): Write {
  const remembered = new Map<string, Remembered>();
  const tell = (key: string) => {
    const { repeated = 0 } = remembered.get(key) ?? {};
    remembered.delete(key);
    if (repeated > 0) write(withCount(key, repeated, now()));
  };
  return (line) => {
    const key = withoutTime(line);
    const known = remembered.get(key);
    if (known !== undefined && now() - known.sinceMs < WINDOW_MS) {
      known.repeated += 1;
      return;
    }
    if (known !== undefined) tell(key);
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) tell(oldest);
    const fresh = { sinceMs: now(), repeated: 0 };
    remembered.set(key, fresh);
    schedule(() => {
      if (remembered.get(key) === fresh) tell(key);
    }, WINDOW_MS);
    write(line);
  };
}

function withoutTime(line: string): string {
  return line.replace(/,"time":"[^"]*"/, "");
}

function withCount(key: string, repeated: number, nowMs: number): string {
  const { level, msg, ...fields } = JSON.parse(key) as Record<string, unknown>;
  const time = new Date(nowMs).toISOString();
  return `${JSON.stringify({ level, time, repeated, ...fields, msg: `${String(msg ?? "")} (repeated ${repeated} times in a minute)` })}\n`;
}

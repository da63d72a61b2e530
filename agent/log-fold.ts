// The same line again and again: written once, then counted; the count is logged when the time is up.

const WINDOW_MS = 60_000;
/** Lines remembered at a time; beyond that the oldest is logged and forgotten. */
const MAX_REMEMBERED = 100;
/** A longer line is written each time: 100 of them would be much to remember. */
const MAX_FOLDED_LENGTH = 16 * 1024;

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
  const isDue = ({ sinceMs }: Remembered) => Math.abs(now() - sinceMs) >= WINDOW_MS;
  // One timer for all: a timer for each line would keep what is forgotten for another minute.
  let isSweeping = false;
  const sweepLater = () => {
    const [oldest] = remembered.values();
    if (isSweeping || oldest === undefined) return;
    isSweeping = true;
    schedule(sweep, Math.min(WINDOW_MS, Math.max(0, oldest.sinceMs + WINDOW_MS - now())));
  };
  const sweep = () => {
    isSweeping = false;
    for (const [key, known] of [...remembered]) if (isDue(known)) flush(key);
    sweepLater();
  };
  atEnd?.(() => {
    for (const key of [...remembered.keys()]) flush(key);
  });
  return (line) => {
    if (line.length > MAX_FOLDED_LENGTH) return write(line);
    const key = withoutTime(line);
    const known = remembered.get(key);
    if (known !== undefined && !isDue(known)) {
      known.repeated += 1;
      return;
    }
    if (known !== undefined) flush(key);
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) flush(oldest);
    remembered.set(key, { sinceMs: now(), repeated: 0 });
    write(line);
    sweepLater();
  };
}

function withoutTime(line: string): string {
  return line.replace(/,"time":"[^"]{0,40}"/, "");
}

function withCount(key: string, { repeated, sinceMs }: Remembered, nowMs: number): string {
  const { level, msg, ...fields } = JSON.parse(key) as Record<string, unknown>;
  const time = new Date(nowMs).toISOString();
  const times = `${repeated} more ${repeated === 1 ? "time" : "times"} in ${Math.max(0, Math.round((nowMs - sinceMs) / 1000))} s`;
  return `${JSON.stringify({ level, time, repeated, ...fields, msg: `${String(msg ?? "")} (${times})` })}\n`;
}

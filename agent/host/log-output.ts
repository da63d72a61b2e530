// Where the daemon's log goes. A line that cannot be written is lost and counted, and the stream is opened again where that is
// possible: a reader that goes away, stops or comes back must end nothing.
import { connect } from "node:net";
import type { Writable } from "node:stream";

export interface LogOutput {
  /** Takes a whole line, and never throws. */
  readonly write: (line: string) => void;
  /** Lines that could not be written since the start. */
  readonly lostLines: () => number;
  /** Called with how many lines were lost, as soon as lines can be written again. It may write. */
  onRecovered: (lines: number) => void;
}

export interface LogOutputOptions {
  /** E.g. standard output. */
  readonly stream: Writable;
  /** Opens another stream in place of one that broke; undefined where there is none. */
  readonly reopen?: (() => Writable) | undefined;
  readonly retryMs?: number;
}

const RETRY_MS = 5000;
/** What a reader that stands still may leave in memory. */
const MAX_PENDING_BYTES = 2 * 2 ** 20;

/** Creates the output. The stream's errors are its own from now on. */
export function createLogOutput({ stream, reopen, retryMs = RETRY_MS }: LogOutputOptions): LogOutput {
  let current: Writable | undefined;
  let lost = 0;
  let reported = 0;
  const use = (next: Writable) => {
    current = next;
    next.on("error", () => drop(next));
    next.on("close", () => drop(next));
  };
  const drop = (broken: Writable) => {
    if (current !== broken) return;
    current = undefined;
    if (reopen !== undefined) setTimeout(() => use(reopen()), retryMs).unref();
  };
  const write = (line: string) => {
    if (current === undefined || current.writableLength > MAX_PENDING_BYTES) {
      lost += 1;
      return;
    }
    const missed = lost - reported;
    reported = lost;
    if (missed > 0) output.onRecovered(missed);
    try {
      current.write(line, (error) => {
        if (error) lost += 1;
      });
    } catch {
      lost += 1; // A file is written at once: EAGAIN, ENOSPC.
    }
  };
  const output: LogOutput = { write, lostLines: () => lost, onRecovered: () => undefined };
  use(stream);
  return output;
}

/** systemd's socket for the standard output of services; it outlives a restart of journald, and the streams through it may not. */
export const JOURNAL_SOCKET = "/run/systemd/journal/stdout";

/**
 * Opens a stream to the journal, as systemd does for a service.
 * @see https://github.com/systemd/systemd/blob/main/src/libsystemd/sd-journal/journal-send.c `sd_journal_stream_fd_with_namespace`
 */
export function openJournal(unit: string, socket: string = JOURNAL_SOCKET): Writable {
  const stream = connect(socket);
  const [identifier] = unit.split(".");
  // Identifier, unit, priority of a line without a prefix, then whether prefixes count; nothing goes to syslog, kmsg or the console.
  stream.write(`${[identifier, unit, 6, 1, 0, 0, 0].join("\n")}\n`);
  // It does not keep the process alive.
  return stream.unref().resume();
}

// Where the daemon's log goes. The stream is opened again where that is possible, and what was said meanwhile follows; a line that has
// no place is lost and counted. A reader that goes away, stops or comes back must end nothing.
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
/** What waits for a stream that is opened again. */
const MAX_HELD_BYTES = 256 * 1024;

/** Creates the output. The stream's errors are its own from now on. */
export function createLogOutput(options: LogOutputOptions): LogOutput {
  return new ReopenedOutput(options);
}

class ReopenedOutput implements LogOutput {
  onRecovered: (lines: number) => void = () => undefined;
  readonly #reopen: (() => Writable) | undefined;
  readonly #retryMs: number;
  #current: Writable | undefined;
  #lost = 0;
  #reported = 0;
  #held: string[] = [];
  #heldBytes = 0;

  constructor({ stream, reopen, retryMs = RETRY_MS }: LogOutputOptions) {
    this.#reopen = reopen;
    this.#retryMs = retryMs;
    this.#use(stream);
  }

  readonly lostLines = (): number => this.#lost;

  readonly write = (line: string): void => {
    const stream = this.#current;
    if (stream === undefined) {
      this.#hold(line);
      return;
    }
    if (stream.writableLength > MAX_PENDING_BYTES) {
      this.#lost += 1;
      return;
    }
    const missed = this.#lost - this.#reported;
    this.#reported = this.#lost;
    if (missed > 0) this.onRecovered(missed);
    try {
      stream.write(line, (error) => {
        if (error) this.#hold(line);
      });
    } catch {
      this.#lost += 1; // A file is written at once: EAGAIN, ENOSPC.
    }
  };

  /** Keeps a line for the next stream, where there is to be one. */
  #hold(line: string): void {
    if (this.#reopen === undefined || this.#heldBytes + line.length > MAX_HELD_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#held.push(line);
    this.#heldBytes += line.length;
  }

  #use(stream: Writable): void {
    this.#current = stream;
    stream.on("error", () => this.#drop(stream));
    stream.on("close", () => this.#drop(stream));
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const line of held) this.write(line);
  }

  #drop(broken: Writable): void {
    if (this.#current !== broken) return;
    this.#current = undefined;
    const reopen = this.#reopen;
    if (reopen !== undefined) setTimeout(() => this.#use(reopen()), this.#retryMs).unref();
  }
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

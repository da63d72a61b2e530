// What a kubelet that answers no more is at: Go programs write the stack of every goroutine when they get SIGQUIT, and end.
import { finished } from "node:stream/promises";
import type { Child, Host } from "../host/host.ts";
import type { Log } from "../log.ts";

/** kubelet has some hundred goroutines, of a few lines each. */
const MAX_CHARACTERS = 2 * 2 ** 20;
const DUMP_MS = 10_000;
const REST_MS = 1000;

/** Collects the lines, the first of them when there are too many. */
export class GoroutineDump {
  #lines: string[] = [];
  #characters = 0;

  write(line: string): void {
    this.#characters += line.length + 1;
    if (this.#characters <= MAX_CHARACTERS) this.#lines.push(line);
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }
}

export interface DumpOptions {
  readonly host: Host;
  readonly log: Log;
  /** Where the newest dump is kept, for `bundle`. */
  readonly dumpFile: string;
}

/** Asks a child for its goroutines, whose lines go to `dump` meanwhile, and keeps them. It may have ended then. */
export async function dumpGoroutines(
  { host, log, dumpFile }: DumpOptions,
  child: Child,
  dump: GoroutineDump,
): Promise<void> {
  child.kill("SIGQUIT");
  child.kill("SIGCONT"); // A process that was stopped gets signals, but SIGKILL, when it is continued.
  const over = new AbortController();
  const until = (milliseconds: number) => host.clock.sleep(milliseconds, over.signal).catch(() => undefined); // Cut short.
  const written = child.exited.then(() => finished(child.stderr)).catch(() => undefined); // A pipe that broke has ended.
  await Promise.race([written, until(DUMP_MS), child.exited.then(() => until(REST_MS))]);
  over.abort();
  const { text } = dump;
  if (text === "") return;
  await host.files
    .write(dumpFile, text, { mode: 0o600 })
    .then(() => log.info({ file: dumpFile }, "kubelet's goroutines are kept"))
    .catch((err: unknown) => log.warn({ err }, "kubelet's goroutines were not kept"));
}

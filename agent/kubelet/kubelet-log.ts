// kubelet's output as lines of the log. A panic is many lines: they are held until it is complete, so that nothing comes in between.
import type { Clock } from "../host/host.ts";
import { type Log, logAt } from "../log.ts";
import { createRedactor } from "../redact/redactor.ts";
import { isKlogLine, isPanic, type KlogLine, parseKlogLine } from "./klog.ts";

const MAX_PANIC_LINES = 200;
/** A panic is written in one go: what has not come by then is another matter. */
const PANIC_MS = 500;

/** Writes one kubelet's lines. */
export class KubeletLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #onLine: (line: KlogLine) => void;
  #panic: string[] | undefined;
  #dropped = 0;

  /** `onLine` hears every line that is not a later line of a panic. */
  constructor(log: Log, clock: Clock, onLine: (line: KlogLine) => void) {
    this.#log = log;
    this.#clock = clock;
    this.#onLine = onLine;
  }

  write(text: string): void {
    if (this.#panic !== undefined && !isKlogLine(text)) {
      this.#hold(this.#panic, text);
      return;
    }
    this.flush();
    const line = parseKlogLine(text);
    this.#onLine(line);
    if (isPanic(text)) this.#begin(text);
    else this.#say(line);
  }

  /** kubelet quotes the pods' environment and their programs' output. What is for a developer alone is not written in service. */
  #say({ level, message }: KlogLine): void {
    if (!this.#log.isLevelEnabled(level)) return;
    logAt(this.#log, level)(`kubelet: ${createRedactor([]).text(message)}`);
  }

  /** Writes what is held; call it when kubelet has ended. */
  flush(): void {
    const lines = this.#panic ?? [];
    this.#panic = undefined;
    // Numbered, so that equal lines of a stack are not taken for repetitions.
    for (const [index, line] of lines.entries())
      this.#log.error({ traceLine: index + 1 }, `kubelet: ${createRedactor([]).text(line)}`);
    if (this.#dropped > 0) this.#log.error(`kubelet: … and ${this.#dropped} more lines of the panic`);
    this.#dropped = 0;
  }

  #begin(text: string): void {
    const panic = [text];
    this.#panic = panic;
    void this.#clock.sleep(PANIC_MS).then(() => {
      if (this.#panic === panic) this.flush();
    });
  }

  #hold(panic: string[], text: string): void {
    if (panic.length < MAX_PANIC_LINES) panic.push(text);
    else this.#dropped += 1;
  }
}

// Work that is repeated until the end: each period, and at once on request. A round never overlaps itself, and a failed one ends nothing.
import type { Log } from "../log.ts";

export interface LoopOptions {
  readonly name: string;
  /** A period that changes is asked for after each round, and counts from that round's end. */
  readonly everySeconds: number | (() => number);
  /** When the round after one that ended at `lastMs` is due, where the period changes. Default: a period later. */
  readonly nextMs?: (lastMs: number, periodMs: number) => number;
  /** One round. It reports conditions itself; what it throws is logged, and given to `onFailure`. */
  readonly run: () => Promise<void>;
  readonly onFailure?: (error: unknown) => void;
  /** While it is false no round runs and nothing is waited for; {@link Loop.trigger} asks again. Default: always. */
  readonly isNeeded?: () => boolean;
  readonly log: Log;
  /** Milliseconds by a clock that nothing sets. */
  readonly monotonic: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A number in [0, 1): nodes of one fleet do not all call AWS in the same second. */
  readonly random: () => number;
}

/** A loop is overdue after this many periods without a round that succeeded. */
const OVERDUE_PERIODS = 3;
/** A round may wait for a network call's deadline, whatever the period. */
const OVERDUE_GRACE_MS = 120_000;
/** No round takes longer than this, however rare it is. */
const LONGEST_ROUND_MS = 10 * 60_000;

/** One of the agent's loops. */
export class Loop {
  readonly name: string;
  readonly #options: LoopOptions;
  #lastSucceededMs: number;
  #beganMs = 0;
  #rounds = 0;
  #failures = 0;
  #running: Promise<void> | undefined;
  /** The end of the round that is to begin next; undefined while none is asked for. */
  #next: PromiseWithResolvers<void> | undefined;
  #signal: AbortSignal | undefined;
  /** Wakes a loop that was not needed. */
  #wake: (() => void) | undefined;

  constructor(options: LoopOptions) {
    this.name = options.name;
    this.#options = options;
    this.#lastSucceededMs = options.monotonic();
  }

  /** Runs the first round now and the others on schedule, until the signal aborts; resolves when the first has ended. */
  start(signal: AbortSignal): Promise<void> {
    const first = this.trigger();
    this.schedule(signal);
    return first;
  }

  /** Runs rounds on schedule alone, until the signal aborts. */
  schedule(signal: AbortSignal): void {
    this.#signal = signal;
    void this.#keepTime(signal).catch(() => undefined); // A sleep was cut short by the end.
  }

  /** The first period is shortened by chance, the others are exact. What a busy or stopped process has missed is not made up for. */
  async #keepTime(signal: AbortSignal): Promise<void> {
    const { everySeconds, monotonic, sleep, random } = this.#options;
    const { nextMs = (lastMs: number, periodMs: number) => lastMs + periodMs } = this.#options;
    const periodMs = () => this.everySeconds * 1000;
    let dueMs = monotonic() + periodMs() * (1 - random());
    for (;;) {
      if (!this.#isNeeded()) dueMs = await this.#untilNeeded(signal);
      await sleep(Math.max(0, dueMs - monotonic()), signal);
      // A round that takes longer than the period is not followed by another at once.
      const round = this.#running === undefined ? this.trigger() : undefined;
      if (typeof everySeconds === "function") {
        await round;
        dueMs = Math.max(nextMs(monotonic(), periodMs()), monotonic());
      } else dueMs = Math.max(dueMs + periodMs(), monotonic());
    }
  }

  /** Resolves with the time of the next round but one: what woke the loop runs one. */
  async #untilNeeded(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#wake = resolve;
    await promise.finally(() => {
      this.#wake = undefined;
      signal.removeEventListener("abort", onAbort);
    });
    return this.#options.monotonic() + this.everySeconds * 1000;
  }

  #isNeeded(): boolean {
    return this.#options.isNeeded?.() ?? true;
  }

  /** Runs a round now, or once more after the one that runs; resolves when a round that began after this call has ended. */
  async trigger(): Promise<void> {
    if (this.#signal?.aborted) return; // The agent has ended, and another run of it may have begun.
    if (!this.#isNeeded()) return;
    this.#wakeUp();
    this.#next ??= Promise.withResolvers<void>();
    const { promise } = this.#next;
    this.#running ??= this.#runRounds();
    await promise;
  }

  #wakeUp(): void {
    if (this.#wake === undefined) return;
    this.#lastSucceededMs = this.#options.monotonic(); // No round is missing of the time before.
    this.#wake();
  }

  /** Runs a round after some time, unless the signal has aborted by then. */
  triggerAfter(milliseconds: number): void {
    this.#after(milliseconds, () => this.trigger());
  }

  /** Runs the first round after some time, and up to `spreadMs` more by chance; none where one has begun by then. */
  beginAfter(milliseconds: number, spreadMs: number): void {
    const begin = async () => {
      if (this.#rounds === 0 && !this.isRunning) await this.trigger();
    };
    this.#after(milliseconds + spreadMs * this.#options.random(), begin);
  }

  #after(milliseconds: number, act: () => Promise<void>): void {
    if (this.#signal === undefined) return;
    void this.#options.sleep(milliseconds, this.#signal).then(act, () => undefined); // Cut short by the abort.
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when no round runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  get everySeconds(): number {
    const { everySeconds } = this.#options;
    return typeof everySeconds === "function" ? everySeconds() : everySeconds;
  }

  /** Rounds that have ended. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Rounds that have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How long ago a round should have succeeded that has not, seconds. */
  lagSeconds(): number {
    if (!this.#isNeeded()) return 0;
    const { monotonic } = this.#options;
    return Math.max(0, Math.round((monotonic() - this.#lastSucceededMs) / 1000 - this.everySeconds));
  }

  /** Whether no round has succeeded for three periods, or one hangs. */
  isOverdue(): boolean {
    const isLate = this.#options.monotonic() - this.#lastSucceededMs > this.#patienceMs();
    return this.isHung() || (this.#isNeeded() && isLate);
  }

  /** Whether a round does not end, which a new process may mend. Rounds that fail are no reason for one: kubelet would end with this one. */
  isHung(): boolean {
    const patienceMs = Math.min(LONGEST_ROUND_MS, this.#patienceMs());
    return this.#running !== undefined && this.#options.monotonic() - this.#beganMs > patienceMs;
  }

  #patienceMs(): number {
    return OVERDUE_PERIODS * this.everySeconds * 1000 + OVERDUE_GRACE_MS;
  }

  async #runRounds(): Promise<void> {
    while (this.#next !== undefined) {
      const { resolve } = this.#next;
      this.#next = undefined;
      if (!this.#signal?.aborted) await this.#runRound(); // One that was asked for before the end begins none after it.
      resolve(); // Another one may be asked for again and again: who waits for this one does not wait for that.
    }
    // In the same turn as that last check: a caller that asks a turn later must start a round of its own.
    this.#running = undefined;
  }

  async #runRound(): Promise<void> {
    const { run, onFailure, log, name, monotonic } = this.#options;
    this.#beganMs = monotonic();
    try {
      await run();
      this.#lastSucceededMs = monotonic();
    } catch (err) {
      if (this.#signal?.aborted) return; // It was broken off.
      this.#failures += 1;
      log.error({ err, loop: name }, "a round failed");
      onFailure?.(err);
    }
    this.#rounds += 1;
  }
}

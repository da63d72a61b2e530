// Work that is repeated until the end: on a schedule, and at once on request. A round never overlaps itself, and a failed one ends nothing.
import { schedule } from "node-cron";
import type { Log } from "../log.ts";

export interface LoopOptions {
  readonly name: string;
  /** Rounded down to what a cron expression can say: a divisor of a minute, or whole minutes, or whole hours. */
  readonly everySeconds: number;
  /** One round. What it throws is logged; it reports conditions itself. */
  readonly run: () => Promise<void>;
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A number in [0, 1): nodes of one fleet do not all call AWS in the same second. */
  readonly random: () => number;
}

/** A loop is overdue after this many periods without a finished round. */
const OVERDUE_PERIODS = 3;
/** A round may wait for a network call's deadline, whatever the period. */
const OVERDUE_GRACE_MS = 120_000;

/** One of the agent's loops. */
export class Loop {
  readonly name: string;
  readonly #options: LoopOptions;
  #lastFinishedMs: number;
  #rounds = 0;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;
  #signal: AbortSignal | undefined;

  constructor(options: LoopOptions) {
    this.name = options.name;
    this.#options = options;
    this.#lastFinishedMs = options.now();
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
    if (signal.aborted) return; // Its event has passed: nothing would end what begins now.
    const { everySeconds, random, name } = this.#options;
    const task = schedule(cronExpression(everySeconds, random()), () => this.trigger(), {
      name,
      suppressMissedWarning: true,
    });
    signal.addEventListener("abort", () => void task.destroy(), { once: true });
  }

  /** Runs a round now, or once more after the one that runs; resolves when a round that began after this call has ended. */
  async trigger(): Promise<void> {
    if (this.#signal?.aborted) return; // The agent has ended, and another run of it may have begun.
    if (this.#running !== undefined) {
      this.#isAskedAgain = true;
      await this.#running;
      return;
    }
    this.#running = this.#runRounds();
    await this.#running;
  }

  /** Runs a round after some time, unless the signal has aborted by then. */
  triggerAfter(milliseconds: number): void {
    if (this.#signal === undefined) return;
    void this.#options.sleep(milliseconds, this.#signal).then(
      () => this.trigger(),
      () => undefined, // Cut short by the abort.
    );
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when no round runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  get everySeconds(): number {
    return this.#options.everySeconds;
  }

  /** Rounds that have ended. */
  get rounds(): number {
    return this.#rounds;
  }

  /** How long ago a round should have ended that has not, seconds. */
  lagSeconds(): number {
    const { now, everySeconds } = this.#options;
    return Math.max(0, Math.round((now() - this.#lastFinishedMs) / 1000 - everySeconds));
  }

  /** Whether no round has ended for three periods. */
  isOverdue(): boolean {
    const { now, everySeconds } = this.#options;
    return now() - this.#lastFinishedMs > OVERDUE_PERIODS * everySeconds * 1000 + OVERDUE_GRACE_MS;
  }

  async #runRounds(): Promise<void> {
    const { run, log, name, now } = this.#options;
    do {
      this.#isAskedAgain = false;
      try {
        await run();
      } catch (err) {
        log.error({ err, loop: name }, "a round failed");
      }
      this.#lastFinishedMs = now();
      this.#rounds += 1;
    } while (this.#isAskedAgain);
    // In the same turn as that last check: a caller that asks a turn later must start a round of its own.
    this.#running = undefined;
  }
}

/** The cron expression of a period, shifted by a share (in [0, 1)) of it. */
export function cronExpression(everySeconds: number, share: number): string {
  const shiftOf = (unit: number) => Math.floor(share * unit);
  const stepped = (unit: number, atMost: number) => {
    const step = largestDivisor(unit, atMost);
    return `${shiftOf(step)}-${unit - 1}/${step}`;
  };
  if (everySeconds < 60) return `${stepped(60, everySeconds)} * * * * *`;
  if (everySeconds < 3600) return `${shiftOf(60)} ${stepped(60, Math.floor(everySeconds / 60))} * * * *`;
  return `${shiftOf(60)} ${shiftOf(60)} ${stepped(24, Math.floor(everySeconds / 3600))} * * *`;
}

/** A step that does not divide its unit would make the last gap of each unit shorter. */
function largestDivisor(unit: number, atMost: number): number {
  let divisor = Math.min(unit, Math.max(1, atMost));
  while (unit % divisor !== 0) divisor -= 1;
  return divisor;
}

// A clock that moves only by hand. Who sleeps is woken in the order of time, and everything that follows runs before the next is.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../agent/host/host.ts";

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** Turns of the event loop after which everything that was ready has run, streams of children included. */
const SETTLING_TURNS = 12;

/** Lets everything happen that needs no time to pass. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await nextTurn();
}

/** Starts at 2026-01-02T03:04:05Z, an hour after the machine. */
export class MemoryClock implements Clock {
  #setByMs = Date.UTC(2026, 0, 2, 2, 4, 5);
  #monotonicMs = 3_600_000;
  #sleepers: Sleeper[] = [];

  readonly now = (): number => this.#setByMs + this.#monotonicMs;

  readonly monotonic = (): number => this.#monotonicMs;

  readonly sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const onAbort = () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal?.reason);
    };
    const wake = () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    const sleeper = { wakeAtMs: this.#monotonicMs + milliseconds, wake };
    this.#sleepers.push(sleeper);
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  };

  /** Moves time forward, waking sleepers on the way. */
  async advance(milliseconds: number): Promise<void> {
    const endMs = this.#monotonicMs + milliseconds;
    await settle();
    for (let next = this.#takeNext(endMs); next !== undefined; next = this.#takeNext(endMs)) {
      this.#monotonicMs = Math.max(this.#monotonicMs, next.wakeAtMs); // A jump has left sleepers behind.
      next.wake();
      await settle();
    }
    this.#monotonicMs = endMs;
    await settle();
  }

  /** Lets time pass without waking anybody. */
  jump(milliseconds: number): void {
    this.#monotonicMs += milliseconds;
  }

  /** Sets the time of day alone, as NTP and a user do, and as a suspended machine finds it. */
  set(byMilliseconds: number): void {
    this.#setByMs += byMilliseconds;
  }

  #takeNext(endMs: number): Sleeper | undefined {
    const [next] = this.#sleepers.toSorted((one, other) => one.wakeAtMs - other.wakeAtMs);
    if (next === undefined || next.wakeAtMs > endMs) return undefined;
    this.#sleepers = this.#sleepers.filter((other) => other !== next);
    return next;
  }
}

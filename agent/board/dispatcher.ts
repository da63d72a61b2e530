// Carries events from the parts that emit them to the reactions: parts are built before anything that reacts to them is.
import type { Log } from "../log.ts";

/** Hands events on, in their order. */
export class Dispatcher<E extends { readonly kind: string }> {
  readonly #log: Log;
  readonly #early: E[] = [];
  #react: ((event: E) => unknown) | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Returns at once. An event that comes before there are reactions waits for them; a reaction that fails is logged. */
  readonly emit = (event: E): void => {
    if (this.#react === undefined) this.#early.push(event);
    else this.#call(this.#react, event);
  };

  /** From here on each event has its reaction, those that have waited first. */
  connect(react: (event: E) => unknown): void {
    this.#react = react;
    for (const event of this.#early.splice(0)) this.#call(react, event);
  }

  #call(react: (event: E) => unknown, event: E): void {
    const fail = (err: unknown) => this.#log.error({ err, event: event.kind }, "a reaction failed");
    try {
      Promise.resolve(react(event)).catch(fail);
    } catch (err) {
      fail(err);
    }
  }
}

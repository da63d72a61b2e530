// One thing after another: work that must not interleave with other work of the same queue.

/** Runs what it is given in order, each when the one before has ended, however that ended. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves, or rejects, as the work does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined); // The failure is the caller's.
    return result;
  }
}

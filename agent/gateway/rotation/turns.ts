// One piece of work after the other on the interface: a round of the gateway never undoes half of a change of keys.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work once what was asked for before has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined); // The one who asked gets the failure.
    return turn;
  }
}

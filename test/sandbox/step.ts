// Progress: every long step says what it does, and how long it took.

/** A finished step and the seconds it took. */
export interface StepTime {
  readonly title: string;
  readonly seconds: number;
}

/** Steps that take longer than this are announced while they run. */
const announceAfterMs = 1500;

/** Prints steps to a stream as they finish, and remembers their times for the final table. */
export class Progress {
  readonly times: StepTime[] = [];
  readonly #began = performance.now();
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream = process.stderr) {
    this.#stream = stream;
  }

  /** Seconds since the first step could begin; steps beside each other take less than their sum. */
  get elapsedSeconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** Runs one step; a step that fails is printed as failed, and its error passes through. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const announcement = setTimeout(() => this.#stream.write(`… ${title}\n`), announceAfterMs);
    const seconds = () => (performance.now() - start) / 1000;
    try {
      const result = await work();
      this.times.push({ title, seconds: seconds() });
      this.#stream.write(`✓ ${title}  ${seconds().toFixed(1)} s\n`);
      return result;
    } catch (error) {
      this.#stream.write(`✗ ${title}  ${seconds().toFixed(1)} s\n`);
      throw error;
    } finally {
      clearTimeout(announcement);
    }
  }
}

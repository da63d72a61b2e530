// A call outside its schedule while another answer would help: at once, then less and less often.
import type { Host } from "../host/host.ts";
import { Backoff } from "./backoff.ts";

const FIRST_RETRY_MS = 10_000;
const MAX_RETRY_MS = 60_000;

export interface RetryOptions {
  readonly host: Pick<Host, "clock" | "random">;
  readonly isNeeded: () => boolean;
}

/** Says when to try again. */
export class Retry {
  readonly #options: RetryOptions;
  readonly #backoff: Backoff;
  #dueMs = 0;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: options.host.random });
  }

  /** Whether to try now; asked often. True counts as a try. */
  isDue(): boolean {
    const { host, isNeeded } = this.#options;
    if (!isNeeded()) {
      this.#backoff.reset();
      this.#dueMs = 0;
      return false;
    }
    const now = host.clock.monotonic();
    if (now < this.#dueMs) return false;
    // The first wait of a backoff is 0, for the try that is made now.
    if (this.#backoff.failures === 0) this.#backoff.next(0);
    this.#dueMs = now + this.#backoff.next(0);
    return true;
  }
}

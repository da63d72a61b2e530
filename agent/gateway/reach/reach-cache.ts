// Whether ports answer, as far as it is known. Asking never waits.
import type { Host } from "../../host/host.ts";
import type { Reach } from "../../tunnel/health.ts";

const FRESH_MS = 10_000;
/** What has not been asked for this long is forgotten. */
const KEPT_MS = 10 * 60_000;
const TIMEOUT_SECONDS = 3;
const MAX_TRIES_AT_ONCE = 64;

interface Known {
  reach: Reach | undefined;
  triedMs: number;
  isTrying: boolean;
}

export class ReachCache {
  readonly #host: Pick<Host, "clock" | "reach">;
  readonly #known = new Map<string, Known>();
  #trying = 0;

  constructor(host: Pick<Host, "clock" | "reach">) {
    this.#host = host;
  }

  /** The last answer, undefined before the first one; tries again when it is older than `freshMs`. */
  ask(address: string, port: number, freshMs: number = FRESH_MS): Reach | undefined {
    const key = `${address}:${port}`;
    const now = this.#host.clock.monotonic();
    const known = this.#known.get(key) ?? { reach: undefined, triedMs: Number.NEGATIVE_INFINITY, isTrying: false };
    if (!known.isTrying && now - known.triedMs >= freshMs && this.#trying < MAX_TRIES_AT_ONCE) {
      this.#known.set(key, known);
      void this.#try(known, address, port);
    }
    return known.reach;
  }

  /** The last answer, whatever its age. */
  last(address: string, port: number): Reach | undefined {
    return this.#known.get(`${address}:${port}`)?.reach;
  }

  /** Forgets what is asked for no more. */
  prune(): void {
    const now = this.#host.clock.monotonic();
    for (const [key, { triedMs, isTrying }] of this.#known)
      if (!isTrying && now - triedMs > KEPT_MS) this.#known.delete(key);
  }

  async #try(known: Known, address: string, port: number): Promise<void> {
    known.isTrying = true;
    known.triedMs = this.#host.clock.monotonic();
    this.#trying += 1;
    try {
      known.reach = await this.#host.reach(address, port, TIMEOUT_SECONDS);
    } finally {
      known.isTrying = false;
      this.#trying -= 1;
    }
  }
}

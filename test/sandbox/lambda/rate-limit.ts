// How often the sandbox's Lambda lets itself be asked: one request a second, one launch in twelve seconds.

const GENERAL_MS = 1000;
const LAUNCH_MS = 12_000;

/** Remembers the last request that was let in, and the last launch. */
export class RateLimit {
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastLaunchMs = Number.NEGATIVE_INFINITY;

  /** Whether a request at this moment is let in; one that is not changes nothing. */
  admits(nowMs: number, isLaunch: boolean): boolean {
    if (nowMs - this.#lastMs < GENERAL_MS) return false;
    if (isLaunch && nowMs - this.#lastLaunchMs < LAUNCH_MS) return false;
    this.#lastMs = nowMs;
    if (isLaunch) this.#lastLaunchMs = nowMs;
    return true;
  }
}

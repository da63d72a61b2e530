// When keys and tokens are renewed: by the time of day, since their end is one, and by the time that has passed, since the clock may be set.
import type { SessionKeys } from "../host/aws.ts";
import type { Clock } from "../host/host.ts";
import type { EksToken } from "./eks-token.ts";

/** A source that does not say when its keys expire is read again this often. */
const UNDATED_KEYS_SECONDS = 15 * 60;

/** When keys are renewed: at a time of day, and after some time by the monotonic clock, whichever comes first. */
export interface Renewal {
  readonly atMs: number;
  readonly afterMs: number;
}

/** For keys that are needed now. */
export const AT_ONCE: Renewal = { atMs: 0, afterMs: 0 };

/** A token, and when it was made. */
export interface MintedToken extends EksToken {
  /** Milliseconds since the epoch. */
  readonly mintedAtMs: number;
  /** By the monotonic clock. */
  readonly mintedMs: number;
}

/** By the time of day, and by the time that has passed. */
export interface Age {
  readonly byDateMs: number;
  readonly passedMs: number;
}

/** Renews after a share of the keys' life. A clock that is far ahead, and is corrected later, puts the renewal no later than their end. */
export function planRenewal({ expiresAtMs }: SessionKeys, clock: Clock, share: number): Renewal {
  const now = clock.now();
  const lifeMs = expiresAtMs === undefined ? UNDATED_KEYS_SECONDS * 1000 : Math.max(0, expiresAtMs - now);
  const endsAtMs = expiresAtMs ?? now + lifeMs;
  return { atMs: endsAtMs - lifeMs * (1 - share), afterMs: clock.monotonic() + lifeMs * share };
}

/** A token from the future was minted before the clock was set back: STS refuses it, so it counts as infinitely old. */
export function isOlder(age: Age | undefined, milliseconds: number): boolean {
  if (age === undefined || age.byDateMs < 0) return true;
  return Math.max(age.byDateMs, age.passedMs) >= milliseconds;
}

/** Keys that ended while the machine slept are found by the time of day, the others by the time that has passed. */
export function isDue({ atMs, afterMs }: Renewal, clock: Clock): boolean {
  return clock.now() >= atMs || clock.monotonic() >= afterMs;
}

/** Undefined without a token. */
export function ageOf(token: MintedToken | undefined, clock: Clock): Age | undefined {
  if (token === undefined) return undefined;
  return { byDateMs: clock.now() - token.mintedAtMs, passedMs: clock.monotonic() - token.mintedMs };
}

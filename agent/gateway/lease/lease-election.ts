// Which gateway may move the VPC's routes: one holds the Lease. Judged as client-go's leader election does it, by changes that were observed
// on the own monotonic clock: no two clocks are compared.
import { describe, hasCode, SatelliteError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { Log } from "../../log.ts";
import { LEASE_PATH } from "../../tunnel/names.ts";
import {
  LEASE_LIST_PATH,
  LEASE_SECONDS,
  type LeaseRecord,
  readLease,
  readLeaseList,
  renderLease,
} from "./lease-record.ts";

/** From the sending of a renewal: a second before another may take it, the holder does nothing any more. */
const HELD_MS = 2000;
const RENEW_MS = 1000;
const LEASE_MS = LEASE_SECONDS * 1000;
/** Of one request: a holder has time for a second one. */
export const REQUEST_SECONDS = 0.9;
/** What is refused is granted by an administrator, if at all. */
const REFUSED_MS = 15_000;

export interface ElectionOptions {
  readonly host: Pick<Host, "clock">;
  readonly log: Log;
  /** This process's, and of no earlier one on this instance. */
  readonly identity: () => string;
  readonly api: () => ApiClient | undefined;
  /** Whether this gateway could carry the traffic. */
  readonly isFit: () => boolean;
}

/** What was read last, and since when it has been the same. */
interface Observation {
  readonly record: LeaseRecord | undefined;
  readonly sinceMs: number;
}

export class LeaseElection {
  readonly #options: ElectionOptions;
  #seen: Observation | undefined;
  /** By the monotonic clock. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #renewedMs = Number.NEGATIVE_INFINITY;
  #wonMs = Number.NEGATIVE_INFINITY;
  #waitUntilMs = Number.NEGATIVE_INFINITY;
  #abstainUntilMs = Number.NEGATIVE_INFINITY;
  #isAnswered = false;
  #running: Promise<void> = Promise.resolve();
  #failure: string | undefined;
  /** Times that this process has got the Lease. */
  wins = 0;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Surely: a renewal that was sent within the last two seconds was accepted. */
  get isHeld(): boolean {
    return this.#now() < this.#heldUntilMs;
  }

  /** How long it has been held without a break. */
  get heldMs(): number {
    return this.isHeld ? this.#now() - this.#wonMs : 0;
  }

  /** Whether the API server has answered about the Lease, and refuses nothing. */
  get isKnown(): boolean {
    return this.#isAnswered;
  }

  /** The holder as it was read last, also one that has ended since; empty: none. */
  get holder(): string | undefined {
    return this.#seen?.record?.holder;
  }

  /** Renews, takes a Lease that is free or was not renewed, or observes. Never throws: what fails is said once. */
  round(): Promise<void> {
    this.#running = this.#round();
    return this.#running;
  }

  async #round(): Promise<void> {
    const client = this.#options.api();
    const nowMs = this.#now();
    if (client === undefined || nowMs < this.#waitUntilMs) return;
    if (this.isHeld && nowMs - this.#renewedMs < RENEW_MS) return;
    try {
      await this.#attempt(client);
      if (this.#failure !== undefined) this.#options.log.info("the Lease is answered again");
      this.#failure = undefined;
      this.#isAnswered = true;
    } catch (error) {
      this.#endure(error);
    }
  }

  /** Gives it up: another gateway takes it at once. @param abstainMs how long this one leaves it to others */
  async release(abstainMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#abstainUntilMs = this.#now() + abstainMs;
    await this.#running; // A renewal that is under way would make this one's version an old one.
    const client = this.#options.api();
    const { record } = this.#seen ?? {};
    const wasHeld = this.isHeld;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    if (!wasHeld || client === undefined || record === undefined) return;
    await this.#write(client, "", record).catch(() => undefined); // It runs out by itself.
  }

  async #attempt(client: ApiClient): Promise<void> {
    const isLeft = this.#now() < this.#abstainUntilMs;
    if (this.isHeld && !isLeft && this.#seen?.record !== undefined && (await this.#take(client, this.#seen.record)))
      return;
    const record = readLeaseList(await client.get(LEASE_LIST_PATH));
    this.#observe(record);
    const isOwn = record?.holder === this.#options.identity();
    if (record !== undefined && !isOwn) this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    if (!isLeft && (isOwn || this.#isFree(record))) await this.#take(client, record);
  }

  /** A Lease that is gone was one: its holder may act for some time yet, so that only that one makes it anew at once. */
  #isFree(record: LeaseRecord | undefined): boolean {
    const { isFit } = this.#options;
    if (!isFit()) return false;
    if (record?.holder === "" || (record === undefined && this.isHeld)) return true;
    return this.#now() - (this.#seen?.sinceMs ?? 0) >= (record?.durationMs ?? LEASE_MS);
  }

  /** False: another has written it since. */
  async #take(client: ApiClient, record: LeaseRecord | undefined): Promise<boolean> {
    const { identity, log } = this.#options;
    const sentMs = this.#now();
    const wasHeld = this.isHeld;
    try {
      await this.#write(client, identity(), record);
    } catch (error) {
      if (!hasCode(error, "api-conflict") && !isStale(error)) throw error;
      return false;
    }
    this.#renewedMs = sentMs;
    this.#heldUntilMs = sentMs + HELD_MS;
    if (wasHeld) return true;
    this.#wonMs = sentMs;
    this.wins += 1;
    log.info(
      { before: record?.holder ?? "(none)" },
      "this gateway holds the Lease: the VPC's routes are its own to move",
    );
    return true;
  }

  async #write(client: ApiClient, holder: string, before: LeaseRecord | undefined): Promise<void> {
    const nowMs = this.#options.host.clock.now();
    this.#observe(readLease(await client.put(LEASE_PATH, renderLease({ holder, nowMs, before }))));
  }

  #observe(record: LeaseRecord | undefined): void {
    const isSame = this.#seen !== undefined && this.#seen.record?.resourceVersion === record?.resourceVersion;
    this.#seen = { record, sinceMs: isSame ? (this.#seen?.sinceMs ?? 0) : this.#now() };
  }

  #endure(error: unknown): void {
    const { message } = describe(error);
    const isRefused = ["api-forbidden", "api-denied"].some((code) => hasCode(error, code));
    if (isRefused) {
      this.#waitUntilMs = this.#now() + REFUSED_MS;
      this.#isAnswered = false;
    }
    if (message !== this.#failure)
      this.#options.log.warn(
        { err: toSatelliteError(error) },
        "the Lease of gateways is not to be had; routes stay where they are",
      );
    this.#failure = message;
  }

  #now(): number {
    return this.#options.host.clock.monotonic();
  }
}

/** A PUT without a version, where there is a Lease by now: 422. */
function isStale(error: unknown): boolean {
  return hasCode(error, "api-failed") && /resourceVersion/.test(describe(error).message);
}

/** An object that is no Lease is of another's making. */
function toSatelliteError(error: unknown): SatelliteError {
  if (error instanceof SatelliteError) return error;
  return new SatelliteError("lease-unreadable", "what the API server has as the Lease of gateways is none", {
    hint: "kubectl --namespace kube-system get lease eks-satellite-gateway --output yaml; delete it: the gateways make it anew.",
    cause: error,
  });
}

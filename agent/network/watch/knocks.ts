// Knocks at the gateway's port through the tunnel. WireGuard's own timers leave an idle tunnel dead for two minutes after a restart of
// the gateway: two knocks without an answer, and the peer is set anew, so that it shakes hands at once.
import { describe } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { ChangeKnock } from "../../host/reach/knock-answer.ts";
import type { Log } from "../../log.ts";
import { Backoff } from "../../loop/backoff.ts";
import { GATEWAY_HEALTH_PORT } from "../../tunnel/names.ts";
import type { WatchedGateway } from "./watched-tunnel.ts";

/** While something is amiss. With two knocks and a handshake this is less than 5 s from a gateway's return to its next answer. */
export const KNOCK_EVERY_SECONDS = 2.5;
/**
 * While all is well, together with other loops: a wake-up costs more than the knock. A gateway that has lost its sessions shakes hands itself,
 * and does not wait for one; a NAT that has moved the node hears of it from WireGuard's keepalive, each 15 s.
 */
export const CALM_KNOCK_EVERY_SECONDS = 10;
const TIMEOUT_SECONDS = 1;
/** A handshake takes a round trip more. */
const AFTER_RESTART_TIMEOUT_SECONDS = 2;
/** Between two restarts of the peer while nothing answers. WireGuard itself tries every 5 s. */
const FIRST_RESTART_MS = 2500;
const MAX_RESTART_MS = 60_000;

export interface KnocksOptions {
  readonly host: Host;
  readonly log: Log;
  /** Removes the peer of this public key and sets it again. */
  readonly restartPeer: (publicKey: string) => Promise<void>;
}

export class Knocks {
  readonly #options: KnocksOptions;
  readonly #restarts: Backoff;
  #restartDueMs = 0;
  /** Knocks without an answer. */
  misses = 0;
  /** Times that the peer was set anew. */
  peerRestarts = 0;
  /** From the last knock that was answered to its answer. */
  latencyMs: number | undefined;
  /** Milliseconds since the epoch. */
  lastAnswerMs: number | undefined;

  constructor(options: KnocksOptions) {
    this.#options = options;
    const { random } = options.host;
    this.#restarts = new Backoff({ firstMs: FIRST_RESTART_MS, maxMs: MAX_RESTART_MS, random });
  }

  /** Another gateway has another history. */
  forget(): void {
    this.#endSilence();
    this.latencyMs = undefined;
    this.lastAnswerMs = undefined;
  }

  /** Knocks, once more when nothing comes, and a last time when the peer has been set anew. */
  async reach(gateway: WatchedGateway): Promise<ChangeKnock> {
    const { host, log } = this.#options;
    const first = await this.#knock(gateway, TIMEOUT_SECONDS);
    if (first.reach !== "silent" || host.clock.monotonic() < this.#restartDueMs) return first;
    const second = await this.#knock(gateway, TIMEOUT_SECONDS);
    if (second.reach !== "silent") return second;
    await this.#restartPeer(gateway);
    const third = await this.#knock(gateway, AFTER_RESTART_TIMEOUT_SECONDS);
    if (third.reach !== "silent")
      log.info({ gateway: gateway.endpoint }, "the gateway was silent, and answers since its peer was set anew");
    return third;
  }

  async #knock({ address }: WatchedGateway, timeoutSeconds: number): Promise<ChangeKnock> {
    const { host } = this.#options;
    const beganMs = host.clock.monotonic();
    const knock = await host.knockForChange(address, GATEWAY_HEALTH_PORT, timeoutSeconds);
    if (knock.reach === "silent") {
      this.misses += 1;
      return knock;
    }
    this.#endSilence();
    this.latencyMs = host.clock.monotonic() - beganMs;
    this.lastAnswerMs = host.clock.now();
    return knock;
  }

  #endSilence(): void {
    this.#restarts.reset();
    this.#restartDueMs = 0;
  }

  async #restartPeer({ publicKey, endpoint }: WatchedGateway): Promise<void> {
    const { host, log, restartPeer } = this.#options;
    if (this.#restarts.failures === 0) this.#restarts.next(0); // The first wait is 0, for the restart that is made now.
    this.#restartDueMs = host.clock.monotonic() + this.#restarts.next(0);
    this.peerRestarts += 1;
    await restartPeer(publicKey).catch((error: unknown) =>
      log.debug({ gateway: endpoint }, `the peer could not be set anew: ${describe(error).message}`),
    );
  }
}

// Follows a gateway that changes its key: at the announced moment, or because it is silent under the one that it had.
import { replacePeer } from "../../apply/tunnel/replace-peer.ts";
import type { ConditionBoard } from "../../board/conditions.ts";
import type { Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import { type CarriedTunnel, carryingFirst } from "../carried-tunnel.ts";
import type { TunnelEntry } from "../tunnel-entry.ts";
import type { GatewayKeys } from "./gateway-keys.ts";

/**
 * After the gateway's moment. Until then WireGuard keeps what the gateway sends, and the gateway takes what this machine sends under the
 * old key: one that followed before the gateway has changed would lose both.
 */
const AFTER_MS = 500;
/** Between two tries of the other key while the gateway is silent: two knocks, a restart of the peer, and a handshake fit in. */
const TRY_EVERY_MS = 15_000;

export interface GatewayFollowerOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: Pick<ConditionBoard, "get" | "isFailing">;
  readonly keys: GatewayKeys;
  /** What the cluster says, without the keys in force. */
  readonly entry: () => TunnelEntry | undefined;
  /** As it is planned. */
  readonly tunnel: () => CarriedTunnel | undefined;
  readonly signal: AbortSignal;
  readonly emit: (event: { readonly kind: "tunnel-changed" }) => void;
}

export class GatewayFollower {
  readonly #options: GatewayFollowerOptions;
  /** Keys for which a change is under way, by the key in force. */
  readonly #announced = new Map<string, string>();
  #tryDueMs = 0;

  constructor(options: GatewayFollowerOptions) {
    this.#options = options;
  }

  /** The gateway of this key changes to another in so many milliseconds: it is followed then. */
  announce(from: string, { publicKey: to, inMs }: { readonly publicKey: string; readonly inMs: number }): void {
    const { host, log, signal } = this.#options;
    if (from === to || this.#announced.get(from) === to) return;
    this.#announced.set(from, to);
    log.info({ from, to, inSeconds: Math.round(inMs / 1000) }, "the gateway is to change its key");
    void host.clock
      .sleep(inMs + AFTER_MS, signal)
      .then(() => this.#follow(from, to))
      .catch((err: unknown) => signal.aborted || log.warn({ err }, "the gateway's next key was not set"))
      .finally(() => this.#announced.delete(from));
  }

  /** While a gateway is silent its other key is tried, where the cluster says one, and the first one again. */
  async round(): Promise<void> {
    const { host, board } = this.#options;
    const { status, reason } = board.get("TunnelUp");
    if ((status !== "False" && !board.isFailing("TunnelUp")) || reason === "MtuBlackHole") return;
    if (this.#announced.size > 0 || host.clock.monotonic() < this.#tryDueMs) return;
    const tunnel = this.#options.tunnel();
    const carrying = tunnel && carryingFirst(tunnel)[0]?.publicKey;
    const said = this.#options.entry()?.gateways.find(({ publicKey }) => this.#options.keys.of(publicKey) === carrying);
    if (said === undefined) return;
    const inForce = this.#options.keys.of(said.publicKey);
    const other = inForce === said.publicKey ? said.nextPublicKey : said.publicKey;
    if (other === undefined || other === inForce) return;
    this.#tryDueMs = host.clock.monotonic() + TRY_EVERY_MS;
    await this.#follow(inForce, other);
  }

  async #follow(from: string, to: string): Promise<void> {
    const { host, log, keys, tunnel, entry, emit } = this.#options;
    const resource = tunnel()?.resource;
    const said = entry()?.gateways.find(({ publicKey }) => keys.of(publicKey) === from)?.publicKey;
    if (resource === undefined || said === undefined) return; // The cluster has said it before.
    const peer = resource.peers.find(({ publicKey }) => publicKey === from);
    if (peer !== undefined) await replacePeer(host, resource.interface, { peer, publicKey: to });
    keys.follow(said, to);
    log.info({ from, to }, "the gateway has another key");
    emit({ kind: "tunnel-changed" });
  }
}

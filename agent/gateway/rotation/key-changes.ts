// Which of a node's two keys has its addresses, while it changes from one to the other. WireGuard gives an address to one peer alone.
import type { Clock } from "../../host/host.ts";
import { KEY_CHANGE_MS } from "../../tunnel/key-change.ts";
import type { SeenWireguard } from "../../tunnel/wireguard-config.ts";
import type { AcceptedPeer } from "../peers/accepted-peers.ts";

/** A satellite that has changed its key has shaken hands by then; else it has not, and its addresses go back. */
const SETTLE_MS = 6000;
/** How long a change is looked after each second; one that takes longer is found by the gateway's rounds. */
const ATTENTIVE_MS = 10 * 60_000;

/** A node that the gateway accepts, with the key that has its addresses now. */
export interface KeyedPeer extends AcceptedPeer {
  /** The other one of a node that changes its key: a peer without addresses, so that its handshake can be seen. */
  readonly spareKey?: string | undefined;
}

/** A change to which the gateway has consented. */
interface Consent {
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
}

export class KeyChanges {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #consents = new Map<string, Consent>();
  /** The key that had the addresses last, of nodes with two. */
  readonly #active = new Map<string, string>();
  #next: ReadonlyMap<string, string> = new Map();
  #changedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Whether a node is about to change its key: its handshakes are worth a look each second. */
  get isAttentive(): boolean {
    return this.#next.size > 0 && this.#clock.monotonic() - this.#changedMs < ATTENTIVE_MS;
  }

  /** The key to which a node may change; undefined where the gateway knows of none. */
  nextOf(node: string): string | undefined {
    return this.#next.get(node);
  }

  /** Begins a change at the satellite's word: its next key is no peer until it has the addresses. */
  consent(node: string, from: string, to: string): void {
    this.#consents.set(node, { from, to, atMs: this.#clock.monotonic() });
    this.#active.set(node, from);
    this.#changedMs = this.#clock.monotonic();
  }

  /** Gives the addresses to the next key; false where there was no consent, or another one meanwhile. */
  move(node: string, to: string): boolean {
    if (this.#consents.get(node)?.to !== to) return false; // It was called off.
    this.#active.set(node, to);
    return true;
  }

  /** Puts the keys together with what the interface says of them. @param next sound ones, by node */
  choose(
    peers: readonly AcceptedPeer[],
    next: ReadonlyMap<string, string>,
    seen: SeenWireguard | undefined,
  ): readonly KeyedPeer[] {
    if (JSON.stringify([...next]) !== JSON.stringify([...this.#next])) this.#changedMs = this.#clock.monotonic();
    this.#next = next;
    const nodes = new Set(peers.map(({ node }) => node));
    for (const known of [this.#consents, this.#active])
      for (const node of known.keys()) if (!nodes.has(node)) known.delete(node);
    return peers.map((peer) => this.#consented(peer) ?? this.#chooseOf(peer, seen));
  }

  /** While a change to which the gateway has consented settles: the Node may say the new key as its current one before that. */
  #consented(peer: AcceptedPeer): KeyedPeer | undefined {
    const { node, publicKey } = peer;
    const consent = this.#consents.get(node);
    if (consent === undefined) return undefined;
    const { from, to, atMs } = consent;
    const isFresh = this.#clock.monotonic() - atMs < KEY_CHANGE_MS + SETTLE_MS;
    if (isFresh && (publicKey === to || this.#next.get(node) === to))
      return this.#active.get(node) === to ? { ...peer, publicKey: to, spareKey: from } : { ...peer, publicKey: from };
    this.#consents.delete(node);
    return undefined;
  }

  #chooseOf(peer: AcceptedPeer, seen: SeenWireguard | undefined): KeyedPeer {
    const { node, publicKey: current } = peer;
    const next = this.#next.get(node);
    if (next === undefined) {
      this.#active.delete(node);
      return peer;
    }
    const chosen = this.#byHandshake(this.#active.get(node) ?? current, current, next, seen);
    this.#active.set(node, chosen);
    return { ...peer, publicKey: chosen, spareKey: chosen === next ? current : next };
  }

  /** The one that has shaken hands last is the one that the satellite has; the numbers are whole seconds. */
  #byHandshake(active: string, current: string, next: string, seen: SeenWireguard | undefined): string {
    const [ofCurrent, ofNext] = [current, next].map((key) => seen?.peers.get(key)?.handshakeSeconds ?? 0);
    if (ofCurrent === undefined || ofNext === undefined || ofCurrent === ofNext) return active;
    return ofNext > ofCurrent ? next : current;
  }
}

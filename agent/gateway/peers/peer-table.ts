// The peers that are accepted now, and what has changed: each change is one line of the log.
import { describe, type SatelliteError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { KeyedPeer } from "../rotation/key-changes.ts";
import type { AcceptedPeers } from "./accepted-peers.ts";

type KeyedPeers = Omit<AcceptedPeers, "peers"> & { readonly peers: readonly KeyedPeer[] };

/** More refusals at once are counted, not listed. */
const MAX_LOGGED = 50;

export class PeerTable {
  readonly #log: Log;
  #peers: readonly KeyedPeer[] = [];
  #byAddress: ReadonlyMap<string, KeyedPeer> = new Map();
  #refusals = new Set<string>();
  #waiting = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  get peers(): readonly KeyedPeer[] {
    return this.#peers;
  }

  /** Entries that are refused now. */
  get refused(): number {
    return this.#refusals.size;
  }

  /** Nodes with an entry and no key yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The node that has this address. */
  at(address: string): KeyedPeer | undefined {
    return this.#byAddress.get(address);
  }

  /** Keys by node. */
  keys(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#peers.map(({ node, publicKey }) => [node, publicKey]));
  }

  /** Whether these would be other peers. */
  differsFrom(peers: readonly KeyedPeer[]): boolean {
    const before = new Map(this.#peers.map((peer) => [peer.node, peer]));
    return peers.length !== before.size || peers.some((peer) => !isSameWithSpare(before.get(peer.node), peer));
  }

  /** Takes what is accepted now, and says whether any peer is another one. */
  replace({ peers, problems, waiting }: KeyedPeers): boolean {
    const before = new Map(this.#peers.map((peer) => [peer.node, peer]));
    const after = new Set(peers.map(({ node }) => node));
    const gone = this.#peers.filter(({ node }) => !after.has(node));
    const changed = peers.filter((peer) => !isSame(before.get(peer.node), peer));
    for (const { node } of gone) this.#log.info({ node }, "peer removed: it has no entry, or no key any more");
    for (const peer of changed) this.#logPeer(before.get(peer.node), peer);
    this.#logRefusals(problems);
    this.#peers = peers;
    this.#byAddress = new Map(peers.map((peer) => [peer.address, peer]));
    this.#waiting = waiting.length;
    return gone.length + changed.length > 0;
  }

  #logPeer(before: KeyedPeer | undefined, { node, publicKey, allowedIps }: KeyedPeer): void {
    if (before === undefined) this.#log.info({ node, publicKey, allowedIps }, "peer added");
    else if (before.publicKey !== publicKey) this.#log.info({ node, publicKey, allowedIps }, "peer has another key");
    else this.#log.info({ node, allowedIps }, "peer has other addresses");
  }

  #logRefusals(problems: readonly SatelliteError[]): void {
    const messages = problems.map((problem) => describe(problem).message);
    const fresh = problems.filter((_, index) => !this.#refusals.has(messages[index] ?? ""));
    for (const err of fresh.slice(0, MAX_LOGGED)) this.#log.warn({ err }, "refused");
    if (fresh.length > MAX_LOGGED) this.#log.warn({ more: fresh.length - MAX_LOGGED }, "and more were refused");
    this.#refusals = new Set(messages);
  }
}

function isSame(one: KeyedPeer | undefined, other: KeyedPeer): boolean {
  return one?.publicKey === other.publicKey && one.allowedIps.join() === other.allowedIps.join();
}

function isSameWithSpare(one: KeyedPeer | undefined, other: KeyedPeer): boolean {
  return isSame(one, other) && one?.spareKey === other.spareKey;
}

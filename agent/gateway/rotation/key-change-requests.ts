// A satellite asks through the tunnel for the moment to change its key: it is answered, and soon after its addresses are those of the next key.
import type { Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import { KEY_CHANGE_MS } from "../../tunnel/key-change.ts";
import type { SeenWireguard } from "../../tunnel/wireguard-config.ts";
import type { KeyChanges, KeyedPeer } from "./key-changes.ts";
import { endSpeaking, removePeer, switchPeer } from "./peer-switch.ts";
import type { Turns } from "./turns.ts";

/** A handshake is over by then. */
const SPEAKING_MS = 2000;

export interface KeyChangeRequestsOptions {
  readonly host: Pick<Host, "run" | "clock">;
  readonly log: Log;
  readonly changes: KeyChanges;
  readonly turns: Turns;
  /** The node that has this address: WireGuard lets no other one send from it. */
  readonly peerAt: (address: string) => KeyedPeer | undefined;
  readonly readInterface: () => Promise<SeenWireguard>;
  /** Other peers than before are to be set. */
  readonly onMoved: () => void;
}

export class KeyChangeRequests {
  readonly #options: KeyChangeRequestsOptions;
  /** Nodes whose change is under way: one question more changes nothing. */
  readonly #busy = new Set<string>();

  constructor(options: KeyChangeRequestsOptions) {
    this.#options = options;
  }

  /** Whether the node of this address may change to the key now. */
  async ask(address: string, key: string): Promise<"ready" | "unknown"> {
    const { peerAt, changes, turns } = this.#options;
    const node = peerAt(address)?.node;
    if (node === undefined || changes.nextOf(node) !== key || this.#busy.has(node)) return "unknown";
    this.#busy.add(node);
    const begun = await turns.take(() => this.#begin(address, key)).catch(() => undefined); // The satellite asks again.
    if (begun === undefined) {
      this.#busy.delete(node);
      return "unknown";
    }
    void this.#finish(begun, key).finally(() => this.#busy.delete(node));
    return "ready";
  }

  /** While the next key is no peer, the satellite's first handshake under it fails, and WireGuard keeps what the satellite sends. */
  async #begin(address: string, key: string): Promise<KeyedPeer | undefined> {
    const { host, peerAt, changes, readInterface } = this.#options;
    const peer = peerAt(address);
    if (peer === undefined || peer.publicKey === key || changes.nextOf(peer.node) !== key) return undefined;
    const { peers } = await readInterface();
    if (peers.has(key)) await removePeer(host, key);
    changes.consent(peer.node, peer.publicKey, key);
    return peer;
  }

  async #finish(peer: KeyedPeer, to: string): Promise<void> {
    const { host, log, turns, onMoved } = this.#options;
    const { node } = peer;
    try {
      await host.clock.sleep(KEY_CHANGE_MS);
      if (!(await turns.take(() => this.#move(peer, to)))) return;
      onMoved();
      await host.clock.sleep(SPEAKING_MS);
      await turns.take(() => endSpeaking(host, to));
    } catch (err) {
      log.warn({ err, node }, "a change of keys was broken off; the addresses follow the satellite's handshake");
    }
  }

  async #move({ node, publicKey: from, allowedIps }: KeyedPeer, to: string): Promise<boolean> {
    const { host, log, changes, readInterface } = this.#options;
    if (!changes.move(node, to)) return false;
    const { peers } = await readInterface();
    await switchPeer(host, { from, to, allowedIps, endpoint: peers.get(from)?.endpoint });
    log.info({ node, from, to }, "the node changes its key");
    return true;
  }
}

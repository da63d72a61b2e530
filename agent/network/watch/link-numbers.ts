// What the kernel counts of the tunnel: WireGuard of its peer, and of the interface every packet.
import { readNetworkDevices, type Traffic } from "../../facts/network-devices.ts";
import type { Host } from "../../host/host.ts";
import type { PeerState, WatchedTunnel } from "./watched-tunnel.ts";
import { readPeer } from "./wireguard-peer.ts";

/** wg(8) is a process: while the gateway answers its counters are read this often. */
const READ_PEER_EVERY_MS = 600_000;

export class LinkNumbers {
  readonly #host: Host;
  #peerDueMs = 0;
  peer: PeerState | undefined;
  traffic: Traffic | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  forget(): void {
    this.peer = undefined;
    this.traffic = undefined;
    this.#peerDueMs = 0;
  }

  async read({ interface: name, gateway }: WatchedTunnel, isAnswered: boolean): Promise<void> {
    const now = this.#host.clock.monotonic();
    this.traffic = (await readNetworkDevices(this.#host).catch(() => undefined))?.get(name); // Numbers for /metrics, and no more.
    if (isAnswered && now < this.#peerDueMs) return;
    this.peer = await readPeer(this.#host, name, gateway.publicKey);
    this.#peerDueMs = now + READ_PEER_EVERY_MS;
  }
}

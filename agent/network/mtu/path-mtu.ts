// Probes the tunnel with packets of its full size, and takes a smaller size where they do not pass: on this end, and by an annotation on the gateway's.

import type { ConditionBoard } from "../../board/conditions.ts";
import type { NoticeEvent } from "../../board/events.ts";
import { type Family, family } from "../../board/metric-family.ts";
import type { Config } from "../../config/schema.ts";
import type { Host } from "../../host/host.ts";
import type { NodeApi, NodeState } from "../../kubernetes/node-api.ts";
import type { Log } from "../../log.ts";
import { MIN_MTU, TUNNEL_MTU_ANNOTATION } from "../../tunnel/names.ts";
import type { CarriedTunnel } from "../carried-tunnel.ts";
import { askGateway } from "../watch/probes.ts";
import type { FoundMtus } from "./found-mtus.ts";
import { HEADERS, passes, searchMtu } from "./probe.ts";

const PROBE_EVERY_MS = 10 * 60_000;
/** After so long the full size is tried again. The tunnel has it for some seconds then. */
const TRY_LARGER_EVERY_MS = 24 * 60 * 60_000;

/** The reason of TunnelUp. */
const BLACK_HOLE = {
  reason: "MtuBlackHole",
  message: `the gateway answers small packets, and none of ${MIN_MTU} bytes: logs, exec and whatever is longer hang`,
  hint: "A link on the way takes less than 1340 bytes, and fragments are dropped. Raise its MTU, or let fragments of UDP pass; ping -M do -s 1312 to the gateway's public address finds it. It is tried again each ten minutes.",
};

export type MtuEvent = NoticeEvent | { readonly kind: "tunnel-changed" };

export interface PathMtuOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: Pick<ConditionBoard, "isTrue" | "isFailing">;
  readonly config: Pick<Config, "node" | "network">;
  readonly api: () => NodeApi | undefined;
  readonly found: FoundMtus;
  /** As it is planned. */
  readonly tunnel: () => CarriedTunnel | undefined;
  readonly emit: (event: MtuEvent) => void;
}

export class PathMtu {
  readonly #options: PathMtuOptions;
  #node: NodeState | undefined;
  /** The peer that was probed last: another key is another handshake, or another gateway. */
  #probed: string | undefined;
  #dueMs = 0;
  #loweredMs: number | undefined;
  #lowered = 0;

  constructor(options: PathMtuOptions) {
    this.#options = options;
  }

  metrics(): readonly Family[] {
    return [
      family("gauge", "tunnel_mtu_bytes", "Largest packet in the tunnel, as it is planned.", () => {
        const tunnel = this.#options.tunnel();
        return tunnel === undefined ? [] : [{ value: tunnel.resource.mtu }];
      }),
      family(
        "counter",
        "tunnel_mtu_lowered_total",
        "Times that large packets did not pass, and smaller ones were taken.",
        () => [{ value: this.#lowered }],
      ),
    ];
  }

  isNeeded(): boolean {
    return this.#options.tunnel() !== undefined;
  }

  /** Takes the current Node; undefined when the cluster has none. */
  see(node: NodeState | undefined): void {
    this.#node = node;
  }

  /** A tunnel that works again may have another way. */
  probeSoon(): void {
    this.#dueMs = 0;
  }

  async round(): Promise<void> {
    const { host, board, config } = this.#options;
    const tunnel = this.#options.tunnel();
    if (tunnel === undefined || config.network.tunnel.mtu !== "auto") return;
    await this.#announce(tunnel.resource.mtu);
    const [peer] = tunnel.resource.peers;
    const gateway = tunnel.wanted.gateways.find(({ publicKey }) => publicKey === peer?.publicKey);
    if (gateway === undefined || !(board.isTrue("TunnelUp") || this.#options.found.problem !== undefined)) return;
    const nowMs = host.clock.monotonic();
    if (gateway.publicKey === this.#probed && nowMs < this.#dueMs) return;
    const answer = await askGateway(host, gateway.address);
    const maxBytes = answer.kind === "answered" ? answer.health.maxKnockBytes : undefined;
    if (maxBytes === undefined || maxBytes < tunnel.resource.mtu - HEADERS) return; // One of an earlier version says nothing.
    this.#probed = gateway.publicKey;
    this.#dueMs = nowMs + PROBE_EVERY_MS;
    if (this.#loweredMs !== undefined && nowMs - this.#loweredMs >= TRY_LARGER_EVERY_MS)
      return this.#tryLarger(gateway);
    await this.#probe(gateway, tunnel.resource.mtu);
  }

  async #probe({ address, name }: { readonly address: string; readonly name: string }, mtu: number): Promise<void> {
    const { host, log, found, emit } = this.#options;
    const isPassing = await passes(host, address, mtu);
    if (isPassing === undefined) return; // TunnelUp says what is the matter.
    const largest = isPassing ? mtu : mtu <= MIN_MTU ? "none" : await searchMtu(host, address, mtu);
    found.problem = largest === "none" ? BLACK_HOLE : undefined;
    if (isPassing || largest === undefined) return;
    const next = largest === "none" ? MIN_MTU : largest;
    if (next === mtu) return;
    found.set(address, next);
    this.#loweredMs = host.clock.monotonic();
    this.#lowered += 1;
    const message = `packets of ${mtu} bytes do not pass through the tunnel to ${name}, and those of ${next} ${largest === "none" ? "do not either" : "do"}: its MTU is ${next} now`;
    log.warn({ gateway: name, from: mtu, to: next }, "the tunnel's MTU was lowered");
    emit({ kind: "notice", type: "Warning", reason: "TunnelMtuLowered", message });
    emit({ kind: "tunnel-changed" });
  }

  /** The interface has what the gateway says again, and the next round probes it. */
  #tryLarger({ address }: { readonly address: string }): void {
    const { found, log, emit } = this.#options;
    found.set(address, undefined);
    this.#loweredMs = undefined;
    this.#dueMs = 0;
    log.info({ gateway: address }, "the tunnel's full MTU is tried again");
    emit({ kind: "tunnel-changed" });
  }

  /** The gateway sends no larger packets to this node, and tells the VPC so; without the annotation it goes by its own MTU. */
  async #announce(mtu: number): Promise<void> {
    const { api, config, tunnel, found } = this.#options;
    if (this.#node === undefined) return;
    const isLowered = tunnel()?.wanted.gateways.some(({ address }) => found.of(address) !== undefined) === true;
    const said = isLowered ? String(mtu) : undefined;
    if (this.#node.tunnelMtu === said) return;
    const client = api();
    if (client === undefined) return;
    await client
      .patchAnnotations(config.node.name, { [TUNNEL_MTU_ANNOTATION]: said ?? null })
      .then(() => {
        const { tunnelMtu: _, ...node } = this.#node ?? ({} as NodeState);
        this.#node = said === undefined ? node : { ...node, tunnelMtu: said };
      })
      .catch(() => undefined); // The next round tries again.
  }
}

// Where satellites were last, on disk. WireGuard forgets it with its interface, and an idle satellite notices only later that its session is
// gone: a gateway that starts anew shakes hands itself, by the way that a satellite's keepalives hold open through its NAT.
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { parseJson } from "../../foreign-text.ts";
import type { Clock, Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import type { SeenWireguard, WireguardPeer } from "../../tunnel/wireguard-config.ts";

/** An endpoint changes with each rebinding of a NAT, and a NAT may rebind again and again: the disk is spared. Of a satellite that is new it is written at once. */
const WRITE_EVERY_MS = 10_000;
/** After a write that failed. */
const RETRY_MS = 60_000;
/** A keepalive is what makes WireGuard shake hands at once. Later ones are not sent: what a satellite sends each 15 s counts for them. */
const KEEPALIVE_SECONDS = 25;

/** 10,000 satellites. */
const MAX_BYTES = 2 ** 20;

/** ADDRESS:PORT of wg(8); an address of IPv6 stands in brackets. */
const endpoint = z
  .string()
  .max(64)
  .regex(/^(?:[\d.]+|\[[0-9a-f:.]+\]):\d{1,5}$/i);
/** Endpoints by public key. */
const fileSchema = z.record(z.string().max(64), endpoint);

export interface KnownEndpointsOptions {
  readonly host: {
    readonly files: Pick<Host["files"], "readWithStatus" | "write">;
    readonly clock: Pick<Clock, "monotonic">;
  };
  readonly log: Log;
  readonly file: string;
}

export class KnownEndpoints {
  readonly #options: KnownEndpointsOptions;
  #known: ReadonlyMap<string, string> = new Map();
  #written: ReadonlyMap<string, string> = new Map();
  #writtenMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #accepted: readonly WireguardPeer[] = [];

  constructor(options: KnownEndpointsOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier run knew. A file that is damaged is none: satellites find the gateway by themselves. */
  async restore(): Promise<void> {
    const { host, file } = this.#options;
    const opened = await host.files.readWithStatus(file, MAX_BYTES).catch(() => undefined);
    const parsed = fileSchema.safeParse(parseJson(opened?.text ?? ""));
    if (!parsed.success) return;
    this.#known = new Map(Object.entries(parsed.data));
    this.#written = this.#known;
  }

  /** The peer with its last endpoint, where the interface has none for it. */
  locate(peer: WireguardPeer, seen: SeenWireguard): WireguardPeer {
    const known = this.#known.get(peer.publicKey);
    if (known === undefined || seen.peers.get(peer.publicKey)?.endpoint !== undefined) return peer;
    return { ...peer, endpoint: known, keepaliveSeconds: KEEPALIVE_SECONDS };
  }

  /** Takes what the interface has. A peer that the gateway accepts no more is forgotten, and one without an endpoint keeps its last one. */
  async note(seen: SeenWireguard, accepted = this.#accepted): Promise<void> {
    this.#accepted = accepted;
    const known = accepted.flatMap(({ publicKey }) => {
      const last = seen.peers.get(publicKey)?.endpoint ?? this.#known.get(publicKey);
      return last === undefined ? [] : [[publicKey, last] as const];
    });
    this.#known = new Map(known);
    await this.#write();
  }

  async #write(): Promise<void> {
    const { host, file, log } = this.#options;
    const [known, written] = [this.#known, this.#written];
    const nowMs = host.clock.monotonic();
    const isNew = [...known.keys()].some((publicKey) => !written.has(publicKey));
    const isSoon = nowMs - this.#writtenMs < (this.#hasFailed ? RETRY_MS : WRITE_EVERY_MS);
    if (isDeepStrictEqual(known, written) || (isSoon && (!isNew || this.#hasFailed))) return;
    this.#writtenMs = nowMs;
    this.#hasFailed = true;
    try {
      await host.files.write(file, `${JSON.stringify(Object.fromEntries(known))}\n`, { mode: 0o600 });
      this.#written = known;
      this.#hasFailed = false;
    } catch (err) {
      log.warn({ err }, "where satellites are was not written: after a restart they find the gateway by themselves");
    }
  }
}

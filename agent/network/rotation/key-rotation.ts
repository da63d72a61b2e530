// Changes the satellite's key, by schedule or because a next key lies there. Broken off anywhere, the next round goes on where it was.

import type { NoticeEvent } from "../../board/events.ts";
import type { Family } from "../../board/metric-family.ts";
import { family, timestamp } from "../../board/metric-family.ts";
import type { Config } from "../../config/schema.ts";
import type { WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";
import type { Host } from "../../host/host.ts";
import type { NodeApi, NodeState } from "../../kubernetes/node-api.ts";
import type { Log } from "../../log.ts";
import { isoTime } from "../../time.ts";
import { NEXT_PUBLIC_KEY_ANNOTATION, TUNNEL_KEY_FILE, TUNNEL_NEXT_KEY_FILE } from "../../tunnel/names.ts";
import { type CarriedTunnel, carryingFirst } from "../carried-tunnel.ts";
import { askForConsent, type Consent } from "./consent.ts";
import { useKey } from "./interface-key.ts";
import { adoptNextKey, ensureNextKey, keyMadeMs, readNextKey, removeNextKey } from "./next-key.ts";

const DAY_MS = 24 * 60 * 60_000;
/** Keys that were made together, on machines that were rented together, do not all change in one minute: chance takes up to this off their age. */
const EARLIER_SHARE = 0.1;
/** After a gateway of an earlier version has declined, the schedule waits for this long. */
const DECLINED_MS = DAY_MS;

/** `announced`: the Node says the next key, and no gateway has consented yet. */
export type RotationState = "idle" | "pinned" | "made" | "announced" | "declined";

/** The machine has another key: the plan is to be made anew, and the key to be said to the cluster. */
export type RotationEvent = { readonly kind: "tunnel-key-changed" } | NoticeEvent;

export interface KeyRotationOptions {
  readonly host: Host;
  readonly log: Log;
  readonly config: Pick<Config, "node" | "network">;
  readonly api: () => NodeApi | undefined;
  /** As it is planned; undefined while there is none. */
  readonly tunnel: () => CarriedTunnel | undefined;
  readonly emit: (event: RotationEvent) => void;
}

export class KeyRotation {
  readonly #options: KeyRotationOptions;
  /** Of the configured age. */
  readonly #dueAtShare: number;
  #node: NodeState | undefined;
  #state: RotationState = "idle";
  #madeMs: number | undefined;
  #lastAnswer: Consent | undefined;
  #declinedMs = Number.NEGATIVE_INFINITY;
  /** The key before the last change: a plan that has it is of before it. */
  #changedFrom: string | undefined;
  #rotations = 0;

  constructor(options: KeyRotationOptions) {
    this.#options = options;
    this.#dueAtShare = 1 - EARLIER_SHARE * options.host.random();
  }

  status() {
    const tunnel = this.#options.tunnel();
    if (tunnel === undefined) return {};
    const keyRotation = {
      ...{ state: tunnel.wanted.isKeyPinned ? ("pinned" as const) : this.#state, rotations: this.#rotations },
      ...{ keyMadeAt: isoTime(this.#madeMs), lastAnswer: this.#lastAnswer },
    };
    return { tunnel: { keyRotation } };
  }

  metrics(): readonly Family[] {
    return [
      family("gauge", "tunnel_key_made_timestamp_seconds", "When the key of this node's tunnel was made.", () =>
        this.#options.tunnel() === undefined ? [] : timestamp(this.#madeMs),
      ),
      family("counter", "tunnel_key_rotations_total", "Times that the tunnel's key was changed.", () => [
        { value: this.#rotations },
      ]),
    ];
  }

  isNeeded(): boolean {
    return this.#options.tunnel() !== undefined;
  }

  /** A key is being changed: the next step is worth a look with each knock. */
  isUnderWay(): boolean {
    return this.#state === "made" || this.#state === "announced";
  }

  /** Takes the current Node; undefined when the cluster has none. */
  see(node: NodeState | undefined): void {
    this.#node = node;
  }

  async round(): Promise<void> {
    const { host } = this.#options;
    const tunnel = this.#options.tunnel();
    if (tunnel === undefined) return;
    this.#madeMs = await keyMadeMs(host);
    const next = await this.#nextKey(tunnel.wanted);
    if (next === undefined) return this.#rest(tunnel.wanted);
    if (this.#state === "idle" || this.#state === "declined") this.#state = "made";
    if (!(await this.#announce(next))) return;
    this.#state = "announced";
    this.#lastAnswer = await askForConsent(host, carryingFirst(tunnel), next);
    if (this.#lastAnswer === "unsupported") return this.#decline();
    if (this.#lastAnswer === "ready") await this.#change(tunnel, next);
  }

  /** The next key that is to be the current one; a pinned key has none, and what is left of a finished change is none. */
  async #nextKey({ isKeyPinned, publicKey }: WantedTunnel): Promise<string | undefined> {
    const { host, log } = this.#options;
    const next = await readNextKey(host).catch(async (err: unknown) => {
      log.warn({ err }, "the tunnel's next key cannot be used, and is removed: another one is made when it is due");
      await removeNextKey(host);
      return undefined;
    });
    if (next === undefined) return !isKeyPinned && this.#isDue() ? ensureNextKey(host) : undefined;
    if (!isKeyPinned && next !== publicKey) return next;
    await removeNextKey(host);
    if (isKeyPinned)
      log.warn("an administrator has entered this machine's key by hand: it is not changed by the daemon");
    return undefined;
  }

  /** By the key's age. A Node that is not there yet has a key that is made now. */
  #isDue(): boolean {
    const { host, config } = this.#options;
    const { keyRotationDays } = config.network.tunnel;
    if (keyRotationDays === 0 || this.#madeMs === undefined || this.#node === undefined) return false;
    if (host.clock.monotonic() - this.#declinedMs < DECLINED_MS) return false;
    return host.clock.now() - this.#madeMs >= keyRotationDays * DAY_MS * this.#dueAtShare;
  }

  /** Nothing is under way: the Node says one key. It says the new one before the next one goes, so that gateways know it at any time. */
  async #rest({ publicKey }: WantedTunnel): Promise<void> {
    if (this.#state === "made" || this.#state === "announced") this.#state = "idle";
    if (publicKey === this.#changedFrom) return;
    const { api, config } = this.#options;
    const { tunnelKey, nextTunnelKey } = this.#node ?? {};
    if (nextTunnelKey === undefined || tunnelKey !== publicKey) return;
    if ((await readNextKey(this.#options.host)) !== undefined) return; // It was made this very moment.
    await api()
      ?.patchAnnotations(config.node.name, { [NEXT_PUBLIC_KEY_ANNOTATION]: null })
      .catch(() => undefined); // The next round tries again.
  }

  /** Says the next key on the Node, and whether it is said there. */
  async #announce(next: string): Promise<boolean> {
    if (this.#node?.nextTunnelKey === next) return true;
    const { api, config, log } = this.#options;
    const client = api();
    if (client === undefined || this.#node === undefined) return false;
    try {
      await client.patchAnnotations(config.node.name, { [NEXT_PUBLIC_KEY_ANNOTATION]: next });
    } catch (err) {
      log.debug({ err }, "the tunnel's next public key was not written to the Node"); // Its own conditions say why.
      return false;
    }
    if (this.#node !== undefined) this.#node = { ...this.#node, nextTunnelKey: next };
    log.info({ publicKey: next }, "the Node says the tunnel's next public key");
    return true;
  }

  /** The interfaces first: each millisecond that a disk takes would be one in which gateways and machine have different keys. */
  async #change(tunnel: CarriedTunnel, next: string): Promise<void> {
    const { host, log, emit } = this.#options;
    const { wanted } = tunnel;
    await this.#use(tunnel, TUNNEL_NEXT_KEY_FILE);
    await adoptNextKey(host).catch(async (error: unknown) => {
      await this.#use(tunnel, TUNNEL_KEY_FILE); // What the file says holds after a restart.
      throw error;
    });
    this.#changedFrom = wanted.publicKey;
    this.#rotations += 1;
    this.#state = "idle";
    const message = `the tunnel's key is ${next} in place of ${wanted.publicKey}`;
    log.info({ from: wanted.publicKey, to: next }, "the tunnel's key was changed");
    emit({ kind: "notice", type: "Normal", reason: "TunnelKeyRotated", message });
    emit({ kind: "tunnel-key-changed" });
  }

  /** The carrying interface decides; one that stands by and refuses gets the key with the plan's next round. */
  async #use({ resource, interfaces }: CarriedTunnel, file: string): Promise<void> {
    const { host, log } = this.#options;
    await useKey(host, resource.interface, file);
    for (const name of interfaces)
      if (name !== resource.interface)
        await useKey(host, name, file).catch((err: unknown) => log.debug({ err }, `${name} gets its key later`));
  }

  async #decline(): Promise<void> {
    const { host, log } = this.#options;
    this.#declinedMs = host.clock.monotonic();
    this.#state = "declined";
    await removeNextKey(host);
    log.warn("the gateway is of a version that cannot change keys while packets pass: the tunnel keeps its key");
  }
}

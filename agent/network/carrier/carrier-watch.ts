// Asks both gateways each second whether the VPC's routes lead to them, and moves the traffic to the one that says so.
import { moveRoutes } from "../../apply/tunnel/move-routes.ts";
import { restartPlannedPeer } from "../../apply/tunnel/restart-peer.ts";
import type { NoticeEvent } from "../../board/events.ts";
import type { Family } from "../../board/metric-family.ts";
import { describe } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import { Backoff } from "../../loop/backoff.ts";
import type { PlannedTunnel } from "../../plan/tunnel/resources.ts";
import { GATEWAY_HEALTH_PORT } from "../../tunnel/names.ts";
import { type WatchedTunnel, watchedTunnels } from "../watch/watched-tunnel.ts";
import { type Carrier, readCarryingInterface } from "./carrier.ts";
import { carrierFamilies, type GatewayState } from "./carrier-report.ts";
import { chooseCarrier, type GatewayPulse, MAX_MISSES, type Role } from "./choice.ts";

/** With a Lease of 3 s, which the other gateway sees run out within a second, and this, a failover takes less than 6 s. */
export const PULSE_EVERY_SECONDS = 1;
const TIMEOUT_SECONDS = 1;
/** Between two restarts of a silent peer: WireGuard itself tries every 5 s, and a gateway that comes back is found at once. */
const FIRST_RESTART_MS = 2500;
const MAX_RESTART_MS = 60_000;

export type CarrierEvent =
  | NoticeEvent
  /** Another gateway carries the traffic, or one that does not has become silent, or answers again. */
  | { readonly kind: "carrier-changed"; readonly isMoved: boolean };

export interface CarrierWatchOptions {
  readonly host: Host;
  readonly log: Log;
  readonly emit: (event: CarrierEvent) => void;
  readonly planned: () => PlannedTunnel | undefined;
  readonly carrier: Carrier;
}

/** What is known of one gateway. */
interface Pulse {
  role: Role | undefined;
  misses: number;
  answers: number;
  isThere: boolean;
  /** By the monotonic clock; undefined while it does not say so. */
  holderSinceMs: number | undefined;
  readonly restarts: Backoff;
  restartDueMs: number;
}

export class CarrierWatch {
  readonly #options: CarrierWatchOptions;
  /** By the gateway's name: its key may change while it carries. */
  readonly #pulses = new Map<string, Pulse>();
  readonly #asking = new Map<string, Promise<void>>();
  #failovers = 0;
  /** The gateway that was left because it was silent. */
  #failed: string | undefined;

  constructor(options: CarrierWatchOptions) {
    this.#options = options;
  }

  /** Only two gateways leave a choice. */
  isNeeded(): boolean {
    return this.#tunnels().length > 1;
  }

  /** The tunnel that carries the traffic; undefined without one. */
  get carrying(): WatchedTunnel | undefined {
    const tunnels = this.#tunnels();
    return tunnels.find(({ gateway }) => gateway.name === this.#options.carrier.gateway) ?? tunnels[0];
  }

  /** The gateways, and what each answered last; none with one gateway alone. */
  get gateways(): readonly GatewayState[] {
    const tunnels = this.#tunnels();
    if (tunnels.length < 2) return [];
    const carrying = this.carrying?.gateway.name;
    return tunnels.map(({ interface: name, gateway }) => {
      const { role, misses = 0 } = this.#pulses.get(gateway.name) ?? {};
      return {
        ...{ name: gateway.name, endpoint: gateway.endpoint, interface: name },
        ...{ carries: gateway.name === carrying, answers: misses < MAX_MISSES, role },
      };
    });
  }

  /** The gateway that does not carry, while it is silent, and whether it carried before. */
  get silent(): (Pick<GatewayState, "name" | "endpoint"> & { readonly hasFailed: boolean }) | undefined {
    const other = this.gateways.find(({ carries, answers }) => !carries && !answers);
    if (other === undefined) return undefined;
    return { name: other.name, endpoint: other.endpoint, hasFailed: other.name === this.#failed };
  }

  status() {
    const { gateways } = this;
    return gateways.length === 0 ? {} : { tunnel: { gateways, failovers: this.#failovers } };
  }

  metrics(): readonly Family[] {
    return carrierFamilies(() => ({ gateways: this.gateways, failovers: this.#failovers }));
  }

  /**
   * Asks both at once; the choice is made with each answer. One that did not answer the last time is not waited for: the other one is
   * asked each second all the same, and says that it carries a second earlier.
   */
  async round(): Promise<void> {
    const tunnels = this.#tunnels();
    if (tunnels.length < 2) return;
    const waited = tunnels.filter(({ gateway }) => this.#pulseOf(gateway.name).misses === 0);
    const asks = new Map(tunnels.map((tunnel) => [tunnel, this.#askOnce(tunnel)]));
    await Promise.all(waited.map((tunnel) => asks.get(tunnel)));
    await this.#keepMoved();
  }

  /** The question that is under way, or a new one. */
  #askOnce(tunnel: WatchedTunnel): Promise<void> {
    const { name } = tunnel.gateway;
    const underWay = this.#asking.get(name);
    if (underWay !== undefined) return underWay;
    const asking = this.#ask(tunnel).finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    asking.catch((err: unknown) => this.#options.log.debug({ err, name }, "a gateway could not be asked")); // A round may not wait for it.
    return asking;
  }

  async #ask({ gateway }: WatchedTunnel): Promise<void> {
    const { host } = this.#options;
    const pulse = this.#pulseOf(gateway.name);
    const answer = await host.pulse(gateway.address, GATEWAY_HEALTH_PORT, TIMEOUT_SECONDS);
    const wasSilent = pulse.misses >= MAX_MISSES;
    const isAnswer = answer !== "silent" && answer !== "refused";
    pulse.role = isAnswer ? (answer === "ok" ? "unknown" : answer) : undefined;
    pulse.isThere = answer !== "silent";
    pulse.holderSinceMs = answer === "holder" ? (pulse.holderSinceMs ?? host.clock.monotonic()) : undefined;
    pulse.misses = isAnswer ? 0 : pulse.misses + 1;
    pulse.answers = isAnswer ? pulse.answers + 1 : 0;
    if (isAnswer) pulse.restarts.reset();
    await this.#choose();
    if (wasSilent !== pulse.misses >= MAX_MISSES) this.#options.emit({ kind: "carrier-changed", isMoved: false });
    if (answer === "silent") await this.#restart(gateway, pulse);
  }

  async #choose(): Promise<void> {
    const { carrier } = this.#options;
    const tunnels = this.#tunnels();
    const from = this.carrying;
    const pulses = tunnels
      .toSorted((one, other) => one.interface.localeCompare(other.interface))
      .map(({ gateway: { name } }) => this.#seen(name));
    const chosen = chooseCarrier(pulses, from?.gateway.name);
    const to = tunnels.find(({ gateway }) => gateway.name === chosen);
    if (from === undefined || to === undefined || from.gateway.name === chosen) {
      carrier.gateway ??= from?.gateway.name;
      return;
    }
    carrier.gateway = chosen;
    this.#failovers += 1;
    const isSilent = this.#pulseOf(from.gateway.name).misses > 0;
    this.#failed = isSilent ? from.gateway.name : undefined;
    await this.#move(to);
    this.#report(from, to, isSilent);
  }

  #seen(name: string): GatewayPulse {
    const pulse = this.#pulseOf(name);
    const { holderSinceMs } = pulse;
    const nowMs = this.#options.host.clock.monotonic();
    return { ...pulse, name, holderMs: holderSinceMs === undefined ? 0 : nowMs - holderSinceMs };
  }

  #report(from: WatchedTunnel, to: WatchedTunnel, isSilent: boolean): void {
    const { log, emit } = this.#options;
    const why = isSilent ? `${from.gateway.name} no longer answers` : "the VPC's routes lead to it";
    const message = `gateway ${to.gateway.name} carries the traffic, by ${to.interface}: ${why}`;
    log.warn({ from: from.gateway.name, to: to.gateway.name, interface: to.interface }, message);
    if (isSilent) emit({ kind: "notice", type: "Warning", reason: "TunnelFailedOver", message });
    else emit({ kind: "notice", type: "Normal", reason: "TunnelMoved", message });
    emit({ kind: "carrier-changed", isMoved: true });
  }

  /** A round of convergence that began before the choice may have set the routes as they were. */
  async #keepMoved(): Promise<void> {
    const to = this.carrying;
    if (to === undefined || this.#options.carrier.gateway === undefined) return;
    const name = await readCarryingInterface(this.#options.host, to.vpcCidrs);
    if (name !== undefined && name !== to.interface) await this.#move(to);
  }

  async #move(to: WatchedTunnel): Promise<void> {
    const { host, planned, log } = this.#options;
    const { links = [] } = planned() ?? {};
    const [carrying] = links;
    const target = links.find((link) => link.interface === to.interface);
    if (carrying === undefined || target === undefined) return;
    await moveRoutes(host, carrying, target).catch((error: unknown) =>
      log.warn({ err: error }, `the traffic was not moved to ${to.interface}: ${describe(error).message}`),
    );
  }

  /** The watch of the carrier does it for that one. */
  async #restart({ name, publicKey }: WatchedTunnel["gateway"], pulse: Pulse): Promise<void> {
    const { host, planned, log } = this.#options;
    const isCarrier = name === this.carrying?.gateway.name;
    const nowMs = host.clock.monotonic();
    if (isCarrier || pulse.misses < MAX_MISSES || nowMs < pulse.restartDueMs) return;
    pulse.restartDueMs = nowMs + pulse.restarts.next(0);
    await restartPlannedPeer(host, planned()?.links ?? [], publicKey).catch((error: unknown) =>
      log.debug({ err: error }, "the peer that stands by could not be set anew"),
    );
  }

  #tunnels(): readonly WatchedTunnel[] {
    return watchedTunnels(this.#options.planned());
  }

  #pulseOf(name: string): Pulse {
    const { random } = this.#options.host;
    const fresh = (): Pulse => ({
      ...{ role: undefined, misses: 0, answers: 0, isThere: false, holderSinceMs: undefined, restartDueMs: 0 },
      restarts: new Backoff({ firstMs: FIRST_RESTART_MS, maxMs: MAX_RESTART_MS, random }),
    });
    const pulse = this.#pulses.get(name) ?? fresh();
    this.#pulses.set(name, pulse);
    return pulse;
  }
}

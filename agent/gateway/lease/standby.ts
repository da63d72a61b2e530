// A gateway as one of two: the election, the routes that follow from it, and what it says of itself.
import { randomUUID } from "node:crypto";
import type { Family } from "../../board/metric-family.ts";
import type { Host } from "../../host/host.ts";
import type { PulseRole } from "../../host/reach/knock-answer.ts";
import type { Log } from "../../log.ts";
import type { GatewaySession } from "../gateway-session.ts";
import type { GatewaySync } from "../gateway-sync.ts";
import { LeaseElection, REQUEST_SECONDS } from "./lease-election.ts";
import { RouteKeeper } from "./route-keeper.ts";
import { standbyFamilies } from "./standby-metrics.ts";
import type { VpcRoutes } from "./vpc-routes.ts";

/** One that stands by looks at the Lease as often; a holder renews it each second. */
export const LEASE_EVERY_SECONDS = 0.5;
/** The keeper itself knows when a look is due. */
export const ROUTES_EVERY_SECONDS = 0.25;

export interface StandbyOptions {
  readonly host: Pick<Host, "clock">;
  readonly log: Log;
  readonly session: Pick<GatewaySession, "api">;
  readonly sync: Pick<GatewaySync, "identity" | "network" | "numbers">;
  readonly routes: () => VpcRoutes | undefined;
}

export class Standby {
  readonly election: LeaseElection;
  readonly keeper: RouteKeeper;

  constructor({ host, log, session, sync, routes }: StandbyOptions) {
    const process = randomUUID();
    const identity = () => `${sync.identity?.name ?? ""}_${process}`;
    this.election = new LeaseElection({
      ...{ host, log, identity },
      api: () => session.api(REQUEST_SECONDS),
      isFit: () => sync.identity !== undefined && sync.numbers.syncs > 0,
    });
    this.keeper = new RouteKeeper({
      ...{ host, log, routes, election: this.election },
      place: () => {
        const { identity: own, network } = sync;
        if (own === undefined || network === undefined) return undefined;
        const { nodes, pods } = network;
        return { networks: pods === undefined ? [nodes] : [nodes, pods], address: own.address };
      },
    });
  }

  /** What a pulse is answered: a gateway alone, or one that does not know, says nothing of it. */
  get role(): PulseRole {
    if (this.keeper.isPaired !== true || !this.election.isKnown) return "ok";
    return this.keeper.carries ? "holder" : "standby";
  }

  /** Before the end of this process. */
  release(): Promise<void> {
    return this.election.release();
  }

  metrics(): readonly Family[] {
    const { election, keeper } = this;
    return standbyFamilies(() => ({
      isHolder: election.isHeld,
      carries: keeper.carries,
      wins: election.wins,
      replaced: keeper.replaced,
      isFailing: keeper.failure !== undefined,
    }));
  }
}

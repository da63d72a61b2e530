// One Lease of an API server in memory, with its resourceVersions, and gateways that want it: each with a link that a test cuts.

import { SatelliteError } from "../../../agent/errors.ts";
import { LeaseElection } from "../../../agent/gateway/lease/lease-election.ts";
import { RouteKeeper } from "../../../agent/gateway/lease/route-keeper.ts";
import type { SeenRoutes, VpcRoute } from "../../../agent/gateway/lease/vpc-routes.ts";
import type { ApiClient } from "../../../agent/kubernetes/api-client.ts";
import { Loop } from "../../../agent/loop/loop.ts";
import type { MemoryClock } from "../../fakes/memory-clock.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";

interface Lease {
  readonly metadata: { readonly resourceVersion?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly holderIdentity: string };
}

export class MemoryLease {
  lease: Lease | undefined;
  #version = 10;

  get holder(): string | undefined {
    return this.lease?.spec.holderIdentity.split("_")[0];
  }

  /** As kubectl does it. */
  edit(holderIdentity: string | undefined): void {
    this.#version += 1;
    const metadata = { resourceVersion: String(this.#version) };
    this.lease = holderIdentity === undefined ? undefined : { metadata, spec: { holderIdentity } };
  }

  get = () => ({ items: this.lease === undefined ? null : [this.lease] });

  put = (document: object): Lease => {
    const { metadata, spec } = document as Lease;
    const present = this.lease?.metadata.resourceVersion;
    if (present !== metadata.resourceVersion) throw new SatelliteError("api-conflict", "the object has been modified");
    // The API server takes an object that is the same for no change.
    const isSame = this.lease !== undefined && JSON.stringify({ metadata, spec }) === JSON.stringify(this.lease);
    if (!isSame) this.#version += 1;
    this.lease = { metadata: { ...metadata, resourceVersion: String(this.#version) }, spec };
    return this.lease;
  };
}

export interface Link {
  /** Whether the API server is reached, and AWS. */
  api: boolean;
  aws: boolean;
  /** As SIGSTOP does: nothing runs, and time passes. */
  isStopped: boolean;
  /** Stops it as soon as it has looked at the routes: a replacement is the next thing that it does. */
  stopsAfterLook: boolean;
}

const TABLES = ["rtb-1", "rtb-2"];

/** The VPC's routes, and who replaced them. */
export class MemoryRoutes {
  readonly routes: VpcRoute[] = TABLES.map((tableId) => ({ tableId, destination: "10.250.0.0/24", target: "eni-a" }));
  readonly replacements: string[] = [];
  isPaired = true;

  set(target: string): void {
    for (const [index, route] of this.routes.entries()) this.routes[index] = { ...route, target };
  }

  get targets(): readonly string[] {
    return [...new Set(this.routes.map(({ target }) => target))];
  }
}

export function createGateway(name: string, shared: { clock: MemoryClock; lease: MemoryLease; vpc: MemoryRoutes }) {
  const { clock, lease, vpc } = shared;
  const link: Link = { api: true, aws: true, isStopped: false, stopsAfterLook: false };
  const { log, messages } = createMemoryLog();
  const state = { isFit: true };
  const reach = async (isUp: boolean, code: string) => {
    await clock.sleep(5);
    while (link.isStopped) await clock.sleep(10);
    if (isUp) return;
    await clock.sleep(900);
    throw new SatelliteError(code, `${code}: no answer`);
  };
  const client = {
    get: async () => {
      await reach(link.api, "api-unreachable");
      return lease.get();
    },
    put: async (_path: string, document: object) => {
      await reach(link.api, "api-unreachable");
      return lease.put(document);
    },
  } as unknown as ApiClient;
  const election = new LeaseElection({
    ...{ host: { clock }, log, identity: () => `${name}_1`, api: () => client },
    isFit: () => state.isFit,
  });
  const ownInterface = `eni-${name}`;
  const look = async (): Promise<SeenRoutes> => {
    await reach(link.aws, "ETIMEDOUT");
    link.isStopped ||= link.stopsAfterLook;
    return { ownInterface, isPaired: vpc.isPaired, routes: [...vpc.routes] };
  };
  const replace = async (route: VpcRoute, target: string, isAllowed: () => boolean) => {
    await reach(link.aws, "ETIMEDOUT");
    if (!isAllowed()) throw new SatelliteError("lease-lost", "the Lease was lost");
    const index = vpc.routes.findIndex(({ tableId }) => tableId === route.tableId);
    vpc.routes[index] = { ...route, target };
    vpc.replacements.push(name);
  };
  const keeper = new RouteKeeper({
    ...{ host: { clock }, log, election, routes: () => ({ look, replace }) },
    place: () => ({ networks: ["10.250.0.0/24"], address: "10.20.1.5" }),
  });
  const loop = (label: string, everySeconds: number, round: () => Promise<void>) =>
    new Loop({
      ...{ name: label, everySeconds, log, random: () => 0, monotonic: clock.monotonic, sleep: clock.sleep },
      run: async () => {
        while (link.isStopped) await clock.sleep(10);
        await round();
      },
    });
  const start = (signal: AbortSignal) => {
    loop("lease", 0.5, () => election.round()).schedule(signal);
    loop("routes", 0.25, () => keeper.round()).schedule(signal);
  };
  return { name, link, election, keeper, start, messages, state };
}

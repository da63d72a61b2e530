// Keeps the VPC's routes to satellites: the holder of the Lease replaces those that lead elsewhere, looks again, and another gateway never does.
import { describe } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import type { LeaseElection } from "./lease-election.ts";
import type { SeenRoutes, VpcRoute, VpcRoutes } from "./vpc-routes.ts";

/** What another hand changes is found after this long. */
const LOOK_MS = 30_000;
/** A request of an earlier holder may still be on its way when the Lease is another's: AWS has no condition for it. */
const DOUBT_MS = 15_000;
const LOOK_IN_DOUBT_MS = 2000;
const RETRY_MS = 1000;
/** A holder that cannot move the routes for so long leaves it to the other gateway, for a while. */
const YIELD_AFTER_MS = 6000;
const ABSTAIN_MS = 60_000;

export interface RouteKeeperOptions {
  readonly host: Pick<Host, "clock">;
  readonly log: Log;
  readonly election: Pick<LeaseElection, "isHeld" | "heldMs" | "wins" | "release">;
  /** Undefined while there are no keys. */
  readonly routes: () => VpcRoutes | undefined;
  /** Networks of satellites, and this gateway's address in the VPC; undefined while they are not known. */
  readonly place: () => { readonly networks: readonly string[]; readonly address: string } | undefined;
}

export class RouteKeeper {
  readonly #options: RouteKeeperOptions;
  #seen: SeenRoutes | undefined;
  #dueMs = 0;
  /** The term of the election for which the routes were seen to lead here. */
  #carriedWin = 0;
  #win = 0;
  #failure: string | undefined;
  /** Routes that this process has replaced. */
  replaced = 0;

  constructor(options: RouteKeeperOptions) {
    this.#options = options;
  }

  /** Whether the routes were seen to lead to this gateway since it has held the Lease. */
  get carries(): boolean {
    const { election } = this.#options;
    return election.isHeld && this.#carriedWin === election.wins;
  }

  /** Undefined while it is not known. */
  get isPaired(): boolean | undefined {
    return this.#seen?.isPaired;
  }

  /** Why the routes were not looked at, or not replaced, last. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Looks when that is due: at once after the Lease was won, soon again then, and each half minute. Never throws. */
  async round(): Promise<void> {
    const { host, election, routes, place } = this.#options;
    const nowMs = host.clock.monotonic();
    if (election.isHeld && this.#win !== election.wins) this.#dueMs = nowMs;
    if (nowMs < this.#dueMs) return;
    this.#win = election.wins;
    const [aws, where] = [routes(), place()];
    if (aws === undefined || where === undefined) return;
    this.#dueMs = nowMs + LOOK_MS;
    try {
      await this.#keep(aws, where);
      if (this.#failure !== undefined) this.#options.log.info("the VPC's routes are looked at again");
      this.#failure = undefined;
      if (election.isHeld && election.heldMs < DOUBT_MS) this.#dueMs = nowMs + LOOK_IN_DOUBT_MS;
    } catch (error) {
      this.#dueMs = host.clock.monotonic() + RETRY_MS;
      await this.#endure(error);
    }
  }

  async #keep(aws: VpcRoutes, { networks, address }: { networks: readonly string[]; address: string }): Promise<void> {
    const { election } = this.#options;
    const { wins } = election;
    // The interfaces were seen while it stood by: a holder begins with what it knows, and looks afterwards.
    if (election.isHeld && this.#carriedWin !== wins && this.#seen !== undefined) await this.#replace(aws, this.#seen);
    this.#seen = await aws.look(networks, address);
    await this.#replace(aws, this.#seen);
    const { ownInterface, routes } = this.#seen;
    const isHere = routes.length > 0 && routes.every(({ target }) => target === ownInterface);
    if (isHere && election.isHeld && election.wins === wins) this.#carriedWin = wins;
  }

  /** All at once: each is a request of its own. What was replaced is seen as it is now. */
  async #replace(aws: VpcRoutes, { ownInterface, isPaired, routes }: SeenRoutes): Promise<void> {
    const { election, log } = this.#options;
    if (!isPaired || ownInterface === undefined || !election.isHeld) return;
    const isAllowed = () => election.isHeld;
    const elsewhere = routes.filter(({ target }) => target !== ownInterface);
    const done = await Promise.allSettled(elsewhere.map((route) => aws.replace(route, ownInterface, isAllowed)));
    const replaced = elsewhere.filter((_, index) => done[index]?.status === "fulfilled");
    this.replaced += replaced.length;
    for (const { tableId, destination, target } of replaced)
      log.info(
        { table: tableId, destination, from: target, to: ownInterface },
        "route replaced: it leads to this gateway",
      );
    this.#seen = { ownInterface, isPaired, routes: routes.map((route) => moved(route, replaced, ownInterface)) };
    const failed = done.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #endure(error: unknown): Promise<void> {
    const { log, election } = this.#options;
    const { message } = describe(error);
    if (message !== this.#failure)
      log.warn({ err: error }, "the VPC's routes were not looked at, or not replaced; it is tried each second");
    this.#failure = message;
    if (!election.isHeld || this.carries || election.heldMs < YIELD_AFTER_MS) return;
    log.warn("this gateway cannot move the VPC's routes, and leaves the Lease to the other one for a minute");
    await election.release(ABSTAIN_MS);
  }
}

function moved(route: VpcRoute, replaced: readonly VpcRoute[], target: string): VpcRoute {
  return replaced.includes(route) ? { ...route, target } : route;
}

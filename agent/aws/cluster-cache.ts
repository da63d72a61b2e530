// Keeps the facts of the cluster: DescribeCluster on a schedule, and the last good answer while AWS is away, also across restarts.
import type { ConditionBoard } from "../board/conditions.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { describe } from "../errors.ts";
import type { Aws, AwsKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { isoTime } from "../time.ts";
import { type ClusterFacts, cacheCluster, readCachedCluster, readCluster } from "./cluster.ts";

export interface ClusterCacheOptions {
  readonly host: Host;
  readonly aws: Aws;
  readonly config: Config;
  readonly log: Log;
  readonly board: ConditionBoard;
  /** Keys that have not expired. */
  readonly keys: () => AwsKeys | undefined;
  readonly emit: (event: ClusterEvent) => void;
}

/** A fact that a plan depends on has changed. */
export type ClusterEvent = { readonly kind: "cluster-changed" };

/** Holds the newest good facts. */
export class ClusterCache {
  readonly #options: ClusterCacheOptions;
  readonly #cachePath: string;
  #facts: ClusterFacts | undefined;
  #isCached = false;

  constructor(options: ClusterCacheOptions) {
    this.#options = options;
    this.#cachePath = statePaths(options.config.stateFolder).cluster;
  }

  get facts(): ClusterFacts | undefined {
    return this.#facts;
  }

  status() {
    const { endpoint, version, fetchedAtMs } = this.#facts ?? {};
    return { cluster: { endpoint, version, describedAt: isoTime(fetchedAtMs) } };
  }

  /** Adopts the last good answer of an earlier run. */
  async restore(): Promise<void> {
    const { host, config, board } = this.#options;
    this.#facts = await readCachedCluster(host, this.#cachePath, config.cluster);
    this.#isCached = this.#facts !== undefined;
    if (this.#facts === undefined) return;
    const message = `facts of ${isoTime(this.#facts.fetchedAtMs)}, not confirmed yet`;
    for (const type of ["ClusterKnown", "ClusterDescribed"] as const) board.setTrue(type, "Cached", message);
  }

  /** Asks EKS, and keeps the known facts when it does not answer. */
  async round(): Promise<void> {
    const { host, aws, config, board, log, keys, emit } = this.#options;
    const present = keys();
    if (present === undefined) return;
    try {
      const facts = await readCluster(aws, present, config.cluster, host.clock.now());
      const isChanged = !isSame(this.#facts, facts);
      board.setTrue("ClusterDescribed", "Described", `DescribeCluster ${facts.name} was answered`);
      this.#facts = facts;
      board.setTrue(
        "ClusterKnown",
        "Described",
        `${facts.name} has version ${facts.version} and answers at ${facts.endpoint}`,
      );
      if (isChanged) {
        log.info(
          { endpoint: facts.endpoint, version: facts.version, serviceCidr: facts.serviceCidr },
          "cluster facts are new",
        );
        emit({ kind: "cluster-changed" });
        this.#isCached = false;
      }
      if (!this.#isCached) await this.#cache(facts);
    } catch (error) {
      board.setFailed("ClusterDescribed", error);
      if (this.#facts === undefined) return board.setFailed("ClusterKnown", error);
      const { message, hint } = describe(error);
      if (board.get("ClusterKnown").reason !== "Outdated")
        log.info({ err: error }, "the cluster could not be described; the node keeps the known facts");
      const known = `facts of ${isoTime(this.#facts.fetchedAtMs)} are in use: ${message}`;
      board.set("ClusterKnown", {
        status: "True",
        reason: "Outdated",
        message: known,
        ...optional({ hint }),
      });
    }
  }

  /** Writes the facts for the next start. Facts that a full disk rejects are in use all the same, and written after a later answer. */
  async #cache(facts: ClusterFacts): Promise<void> {
    const { host, log } = this.#options;
    try {
      await cacheCluster(host, this.#cachePath, facts);
      this.#isCached = true;
    } catch (err) {
      log.warn({ err }, "cluster facts were not written for the next start");
    }
  }
}

/** Whether two answers are equal, whenever they were given. */
function isSame(one: ClusterFacts | undefined, other: ClusterFacts): boolean {
  return (
    one !== undefined && JSON.stringify({ ...one, fetchedAtMs: 0 }) === JSON.stringify({ ...other, fetchedAtMs: 0 })
  );
}

/** Whether another answer of DescribeCluster may solve the present problem. */
export function isDescriptionDoubtful(board: ConditionBoard): boolean {
  const { reason, pending } = board.get("ApiReachable");
  return board.isFailing("ClusterDescribed") || (pending?.reason ?? reason) === "ApiUntrusted";
}

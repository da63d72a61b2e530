// What the gateway answers about the far end: the asker's kubelet, the API server's addresses, and what it sees missing in AWS.
import { sha256 } from "../digest.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { DIGEST_BYTES } from "../host/reach/knock-answer.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import type { GatewayHealth, Reach } from "../tunnel/health.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { GatewaySync } from "./gateway-sync.ts";
import type { AcceptedPeer } from "./peers/accepted-peers.ts";
import { MAX_KNOCK_BYTES } from "./reach/knock-server.ts";
import { ReachCache } from "./reach/reach-cache.ts";

/** Something that is missing in AWS, with the code that `gateway check` has for it. */
export interface VpcProblem {
  readonly code: string;
  readonly message: string;
}

/** A look at route tables, interfaces, security groups and the cluster, with the role of the instance. Undefined: it could not look. */
export type VpcInspector = () => Promise<readonly VpcProblem[] | undefined>;

export interface GatewayHealthOptions {
  readonly host: Pick<Host, "clock" | "reach">;
  readonly log: Log;
  readonly sync: Pick<GatewaySync, "identity" | "table">;
  readonly view: Pick<ClusterView, "services">;
  readonly inspect?: VpcInspector | undefined;
  /** What is to be said of the gateway's key. Default: nothing. */
  readonly announcement?: () => Pick<GatewayHealth, "keyChange">;
}

const KUBELET_PORT = 10250;
const LOOK_EVERY_MS = 30_000;
/** Of the answer (tunnel/health.ts). */
const MAX_API_SERVERS = 16;
const MAX_PROBLEMS = 32;
const MAX_MESSAGE = 1000;
const MAX_CODE = 64;
/** A digest costs a hundred times what a knock costs, and a pod may send thousands of these a second. */
const DIGEST_KEPT_MS = 1000;

interface KeptDigest {
  readonly digest: string;
  readonly untilMs: number;
}

export class GatewayHealthReport {
  readonly #options: GatewayHealthOptions;
  readonly #reach: ReachCache;
  /** By the node's address; of nodes alone, which are bounded in number. */
  readonly #digests = new Map<string, KeptDigest>();
  #problems: readonly VpcProblem[] | undefined;
  /** Why AWS was not looked at last. */
  #failure: string | undefined;

  constructor(options: GatewayHealthOptions) {
    this.#options = options;
    this.#reach = new ReachCache(options.host);
  }

  /** The answer to the one who asks from this address. */
  answer(address: string): GatewayHealth {
    const { sync } = this.#options;
    if (sync.table.at(address) !== undefined) this.#reach.ask(address, KUBELET_PORT);
    for (const each of this.#apiServers()) this.#reach.ask(each.address, each.port);
    const known = this.#known(address);
    return sync.table.at(address) === undefined ? known : { ...known, digest: this.#keepDigest(address, known) };
  }

  /** Changes within a second of what {@link answer} says to this address: sixteen hexadecimal digits; undefined where it is no node's. */
  digest(address: string): string | undefined {
    if (this.#options.sync.table.at(address) === undefined) return undefined;
    const kept = this.#digests.get(address);
    const isFresh = kept !== undefined && this.#options.host.clock.monotonic() < kept.untilMs;
    return isFresh ? kept.digest : this.#keepDigest(address, this.#known(address));
  }

  #keepDigest(address: string, known: GatewayHealth): string {
    const digest = digestOf(known);
    this.#digests.set(address, { digest, untilMs: this.#options.host.clock.monotonic() + DIGEST_KEPT_MS });
    return digest;
  }

  /** Tries nothing. */
  #known(address: string): GatewayHealth {
    const peer = this.#options.sync.table.at(address);
    const kubelet = peer === undefined ? undefined : this.#reach.last(address, KUBELET_PORT);
    const apiServers = this.#apiServers().flatMap((each) => {
      const reach = this.#reach.last(each.address, each.port);
      return reach === undefined ? [] : [{ address: each.address, reach }];
    });
    return {
      gateway: this.#options.sync.identity?.name ?? "",
      you: { address, ...optional({ node: peer?.node, kubelet }) },
      apiServers,
      maxKnockBytes: MAX_KNOCK_BYTES,
      ...this.#options.announcement?.(),
      ...optional({ problems: this.#problems?.slice() }),
    };
  }

  /** Keeps what {@link answer} says to this address at most half a minute old. */
  look(address: string): void {
    if (this.#options.sync.table.at(address) === undefined) return;
    this.#reach.ask(address, KUBELET_PORT, LOOK_EVERY_MS);
    for (const each of this.#apiServers()) this.#reach.ask(each.address, each.port, LOOK_EVERY_MS);
  }

  #apiServers() {
    return this.#options.view.services.apiServers.slice(0, MAX_API_SERVERS);
  }

  /** What a node's kubelet answered last. */
  kubelet({ address }: AcceptedPeer): Reach | undefined {
    return this.#reach.last(address, KUBELET_PORT);
  }

  /** Looks at AWS, and forgets what satellites ask for no more. The last look holds while AWS does not answer. */
  async inspectRound(): Promise<void> {
    this.#reach.prune();
    for (const address of this.#digests.keys())
      if (this.#options.sync.table.at(address) === undefined) this.#digests.delete(address);
    const { inspect, log } = this.#options;
    const found = await inspect?.().catch((err: unknown) => {
      const { message } = describe(err);
      if (message !== this.#failure) log.warn({ err }, "AWS was not looked at; satellites get what was seen before");
      this.#failure = message;
    });
    if (found === undefined) return;
    this.#failure = undefined;
    const seen = found.slice(0, MAX_PROBLEMS).map(({ code, message }) => ({
      code: code.slice(0, MAX_CODE),
      message: message.slice(0, MAX_MESSAGE),
    }));
    const known = this.#problems ?? [];
    for (const problem of seen)
      if (!known.some(({ code, message }) => code === problem.code && message === problem.message))
        log.warn({ code: problem.code }, problem.message);
    this.#problems = seen;
  }
}

/** A key's change is said with the time that is left, which is another one each time. */
function digestOf({ keyChange, ...health }: GatewayHealth): string {
  return sha256(JSON.stringify([health, keyChange?.publicKey])).slice(0, 2 * DIGEST_BYTES);
}

// A look at the tunnel that starts no program: files of the kernel show most of what can change, and ip, wg and iptables are asked when they do.
import type { ConditionBoard } from "../../board/conditions.ts";
import type { Host } from "../../host/host.ts";
import { resourceId } from "../../plan/resource.ts";
import type { FirewallResource, TunnelResource } from "../../plan/tunnel/resources.ts";
import { rpFilterPath } from "./tunnel-state.ts";

/** What no file shows is found by the watch, or after so long: a peer's networks and endpoint, the key, the MTU, the packet filter. */
const FULL_LOOK_EVERY_MS = 10 * 60_000;
const WATCHED_CONDITIONS = ["TunnelUp", "ControlPlaneRoute", "PodNetworkReady"] as const;

type Watched = TunnelResource | FirewallResource;

interface Seen {
  /** The resource as it was planned, and what the files said. */
  readonly text: string;
  readonly atMs: number;
}

/** Remembers what was as planned when it was last compared in full. */
export class Glance {
  readonly #host: Host;
  readonly #board: Pick<ConditionBoard, "isTrue" | "isFailing">;
  readonly #seen = new Map<string, Seen>();

  constructor(host: Host, board: Pick<ConditionBoard, "isTrue" | "isFailing">) {
    this.#host = host;
    this.#board = board;
  }

  /** What {@link keep} is to be given when the full comparison finds no difference; undefined: none is needed. */
  async look(resource: Watched): Promise<string | undefined> {
    const text = JSON.stringify([resource, await readPicture(this.#host, resource)]);
    const seen = this.#seen.get(resourceId(resource));
    const isFresh = seen !== undefined && this.#host.clock.monotonic() - seen.atMs < FULL_LOOK_EVERY_MS;
    if (isFresh && seen.text === text && this.#isWell()) return undefined;
    this.#seen.delete(resourceId(resource));
    return text;
  }

  /** Whether the watch has nothing to say against the tunnel. */
  #isWell(): boolean {
    return WATCHED_CONDITIONS.every((type) => this.#board.isTrue(type) && !this.#board.isFailing(type));
  }

  keep(resource: Watched, text: string): void {
    this.#seen.set(resourceId(resource), { text, atMs: this.#host.clock.monotonic() });
  }
}

/** Compares in full where a glance is not enough; without one, always. */
export async function compareSparingly<T>(
  glance: Glance | undefined,
  resource: Watched,
  compare: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const text = await glance?.look(resource);
  if (glance !== undefined && text === undefined) return undefined;
  const difference = await compare();
  if (glance !== undefined && text !== undefined && difference === undefined) glance.keep(resource, text);
  return difference;
}

/** Routes into the interface, and its reverse path filter. An address on `lo` that goes takes the routes with it that have it as their source. */
async function readPicture(host: Host, resource: Watched): Promise<readonly string[]> {
  if (resource.kind === "firewall") return [];
  const { interface: name } = resource;
  const [routes, rpFilter] = await Promise.all([
    host.files.read("/proc/net/route"),
    host.files.read(rpFilterPath(name)),
  ]);
  return [...(routes ?? "").split("\n").filter((line) => line.startsWith(`${name}\t`)), `${rpFilter}`];
}

// How one kind of resource becomes true: compare, remember what was there, change.
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { Resource } from "../plan/resource.ts";
import type { Original } from "./ledger.ts";
import type { Glance } from "./tunnel/glance.ts";

/** A difference between the plan and the machine. */
export interface Change {
  readonly resource: Resource;
  readonly action: "create" | "update" | "set-mode" | "set" | "load" | "start" | "restart";
  /** What is there now; undefined when nothing is. */
  readonly before: string | undefined;
  readonly after: string;
}

/** What executors share during one round. */
export interface RoundContext {
  readonly host: Host;
  readonly log: Log;
  readonly resources: readonly Resource[];
  /** Where the agent remembers which service started with which configuration. */
  readonly servicesFile: string;
  /** What the ledger holds of a resource; undefined before the first change. */
  readonly originalOf: (id: string) => Promise<Original | undefined>;
  /** Nothing at all may be written. */
  readonly isDryRun: boolean;
  /** Changes already applied in this round, or, in a dry run, that would be. */
  readonly earlier: readonly Change[];
  /** Spares the tunnel's programs; left out, they are asked each time. */
  readonly glance?: Glance;
  /** Ends the round. */
  readonly signal?: AbortSignal;
}

/** Compares and changes one kind of resource. */
export interface Executor<R extends Resource> {
  /** The difference, or undefined when there is none. */
  diff(context: RoundContext, resource: R): Promise<Change | undefined>;
  /** What the ledger keeps; undefined for what has no state of its own to go back to. */
  readOriginal(context: RoundContext, resource: R): Promise<Original | undefined>;
  apply(context: RoundContext, resource: R, change: Change): Promise<void>;
}

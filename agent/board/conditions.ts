// The board: what is currently true of this node. Parts write it; /status, the journal and the Node read it.

import { describe } from "../errors.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { CONDITION_TYPES, CONDITIONS, type ConditionType } from "./condition-types.ts";

/** As in Kubernetes: `Unknown` means that it could not be observed yet. */
export type ConditionStatus = "True" | "False" | "Unknown";

/** What a part reports; the board adds the rest. */
export interface Report {
  readonly status: ConditionStatus;
  /** CamelCase, stable, for machines. */
  readonly reason: string;
  /** One sentence with the values, for people. */
  readonly message: string;
  /** The command to run, or the AWS action to take. */
  readonly hint?: string;
  /** Neither a log line nor an event follows, as for hardware that the machine does not have. */
  readonly isQuiet?: boolean;
}

/** A report that contradicts a true condition and has not lasted long enough to turn it. */
export interface PendingReport extends Omit<Report, "isQuiet"> {
  /** When it was first made, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** One line of the board. */
export interface Condition extends Omit<Report, "isQuiet"> {
  readonly type: ConditionType;
  /** When the status last changed, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly dependsOn: readonly ConditionType[];
  readonly isCritical: boolean;
  readonly pending?: PendingReport;
}

export type BoardEvent =
  /** A condition has turned, or has another reason; `isRootCause` when no other failure explains it. */
  | { readonly kind: "condition-changed"; readonly condition: Condition; readonly isRootCause: boolean }
  /** A true condition was contradicted: the parts that can find the cause should run now. */
  | { readonly kind: "condition-pending"; readonly type: ConditionType };

export interface BoardOptions {
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** After its end nothing is reported any more: what was broken off has not failed. */
  readonly signal?: AbortSignal;
  /** Conditions that the configuration makes critical, beside those that always are. */
  readonly critical?: readonly ConditionType[];
  readonly emit?: (event: BoardEvent) => void;
}

/** How long a failure may outlast its cause before it is reported by itself. */
const FOLLOW_MS = 15_000;

/** Holds the newest report of each condition, turns it when the report has lasted, and reports each change once. */
export class ConditionBoard {
  readonly #conditions = new Map<ConditionType, Condition>();
  readonly #options: BoardOptions;
  /** Root causes that have been reported, as `type reason`. */
  #announced = new Set<string>();
  /** Failures whose cause has ended, and whether they have outlasted it for too long. */
  readonly #unexplained = new Map<ConditionType, { isOver: boolean }>();

  constructor(options: BoardOptions) {
    this.#options = options;
    for (const type of CONDITION_TYPES) {
      const { dependsOn } = CONDITIONS[type];
      const isCritical = this.#isCritical(type);
      const starting = { status: "Unknown", reason: "Starting", message: "not observed yet" } as const;
      this.#conditions.set(type, { type, ...starting, sinceMs: options.now(), dependsOn, isCritical });
    }
  }

  get(type: ConditionType): Condition {
    return this.#conditions.get(type) as Condition;
  }

  list(): readonly Condition[] {
    return [...this.#conditions.values()];
  }

  isTrue(type: ConditionType): boolean {
    return this.get(type).status === "True";
  }

  /** Whether the newest report is a failure, also one that is still pending. */
  isFailing(type: ConditionType): boolean {
    const { status, pending } = this.get(type);
    return (pending?.status ?? status) === "False";
  }

  /** Records a report. A true condition turns only after it has been contradicted for its holdSeconds. */
  set(type: ConditionType, report: Report): void {
    if (this.#options.signal?.aborted) return;
    const { pending: before, ...settled } = this.get(type);
    const { holdSeconds } = CONDITIONS[type];
    if (settled.status !== "True" || report.status === "True" || holdSeconds === 0) {
      this.#settle(type, report);
      return;
    }
    const pending = { ...report, sinceMs: before?.sinceMs ?? this.#options.now() };
    this.#conditions.set(type, { ...settled, pending });
    if (before !== undefined) return;
    this.#options.log.debug({ condition: type, reason: report.reason }, report.message);
    void this.#options.sleep(holdSeconds * 1000).then(
      () => this.#turnIfLasting(type, pending.sinceMs),
      () => undefined, // The agent has ended, and the board with it.
    );
    this.#options.emit?.({ kind: "condition-pending", type });
  }

  setTrue(type: ConditionType, reason: string, message: string): void {
    this.set(type, { status: "True", reason, message });
  }

  /** Records a failure with its code as the reason (`cluster-not-found` becomes `ClusterNotFound`). */
  setFailed(type: ConditionType, error: unknown): void {
    this.set(type, { status: "False", ...reportOf(error) });
  }

  /** Records that the condition cannot be observed, and why. */
  setUnknown(type: ConditionType, reason: string, message: string): void {
    this.set(type, { status: "Unknown", reason, message });
  }

  /** The false conditions that no other failure explains. */
  rootCauses(): readonly Condition[] {
    return this.list().filter((condition) => condition.status === "False" && !this.#hasFailingCause(condition));
  }

  /** A contradiction that ended and came back has another beginning. */
  #turnIfLasting(type: ConditionType, sinceMs: number): void {
    const { pending } = this.get(type);
    if (pending?.sinceMs !== sinceMs) return;
    const { sinceMs: _, ...report } = pending;
    this.#settle(type, report);
  }

  #settle(type: ConditionType, report: Report): void {
    const before = this.get(type);
    const { dependsOn } = CONDITIONS[type];
    const isCritical = this.#isCritical(type);
    const { isQuiet, ...shown } = report;
    const isTurned = before.status !== report.status;
    const sinceMs = isTurned ? this.#options.now() : before.sinceMs;
    this.#conditions.set(type, { type, ...shown, sinceMs, dependsOn, isCritical });
    const isNews = isQuiet !== true && (isTurned || before.reason !== report.reason);
    this.#announce(isNews ? type : undefined);
  }

  #isCritical(type: ConditionType): boolean {
    return CONDITIONS[type].isCritical || this.#options.critical?.includes(type) === true;
  }

  /**
   * Only a root cause is a warning; what follows from one is logged at info. A failure that outlasts its cause becomes a root
   * cause itself, after the time that it may take to end.
   */
  #announce(changed: ConditionType | undefined): void {
    const { log, emit } = this.#options;
    const roots = this.rootCauses();
    const isRoot = roots.some(({ type }) => type === changed);
    if (changed !== undefined && !isRoot) {
      const condition = this.get(changed);
      log.info({ condition: changed, status: condition.status, reason: condition.reason }, condition.message);
      emit?.({ kind: "condition-changed", condition, isRootCause: false });
    }
    const announced = new Set<string>();
    for (const root of roots) {
      const { type, status, reason, message, hint } = root;
      const isNews = !this.#announced.has(`${type} ${reason}`);
      if (isNews && type !== changed && this.#isFollowing(type)) continue;
      announced.add(`${type} ${reason}`);
      if (!isNews) continue;
      const fields = { condition: type, status, reason, see: `eks-satellite explain ${reason}` };
      log.warn(fields, hint === undefined ? message : `${message} → ${hint}`);
      emit?.({ kind: "condition-changed", condition: root, isRootCause: true });
    }
    this.#announced = announced;
    for (const type of this.#unexplained.keys())
      if (!roots.some((root) => root.type === type)) this.#unexplained.delete(type);
  }

  /** Whether the cause of a failure ended so recently that the failure may still end by itself. */
  #isFollowing(type: ConditionType): boolean {
    const known = this.#unexplained.get(type);
    if (known !== undefined) return !known.isOver;
    const entry = { isOver: false };
    this.#unexplained.set(type, entry);
    void this.#options.sleep(FOLLOW_MS).then(
      () => {
        entry.isOver = true;
        this.#announce(undefined);
      },
      () => undefined, // The agent has ended, and the board with it.
    );
    return true;
  }

  /** A true condition explains nothing; one that could not be observed passes on its own causes. */
  #hasFailingCause({ dependsOn }: Condition): boolean {
    return dependsOn.some((cause) => {
      if (this.isFailing(cause)) return true;
      return !this.isTrue(cause) && this.#hasFailingCause(this.get(cause));
    });
  }
}

/** An error as a condition shows it. */
export function reportOf(error: unknown): Omit<Report, "status"> {
  const { code, message, hint } = describe(error);
  return { reason: toCamelCase(code), message, ...optional({ hint }) };
}

function toCamelCase(code: string): string {
  return code
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

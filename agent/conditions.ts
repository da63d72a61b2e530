// The board: what is true of this node now. Loops write it, /status and the log read it, nothing else is shared.
import { describe } from "./errors.ts";
import type { Log } from "./log.ts";

/** What each condition needs to be true before its own failure is news; a condition without causes stands by itself. */
const DEPENDS_ON = {
  ConfigValid: [],
  CredentialsFresh: [],
  ClusterKnown: ["CredentialsFresh"],
  ConfigInSync: [],
  RuntimeReady: ["ConfigInSync"],
  KubeletRunning: ["RuntimeReady", "ConfigInSync", "ClusterKnown"],
  NodeReady: ["KubeletRunning", "CredentialsFresh", "ClusterKnown"],
  ServingCertificateSigned: ["NodeReady"],
} as const;

export type ConditionType = keyof typeof DEPENDS_ON;
/** As in Kubernetes: `Unknown` means that nobody has been able to tell yet. */
export type ConditionStatus = "True" | "False" | "Unknown";

/** One line of the board. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  /** CamelCase, stable, for machines. */
  readonly reason: string;
  /** One sentence with the values, for people. */
  readonly message: string;
  readonly hint?: string;
  /** When the status last changed, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly dependsOn: readonly ConditionType[];
}

/** What a loop reports; the board adds the rest. */
export type Report = Pick<Condition, "status" | "reason" | "message" | "hint">;

/** Holds the newest report of each condition and logs every change once. */
export class ConditionBoard {
  readonly #conditions = new Map<ConditionType, Condition>();
  readonly #log: Log;
  readonly #now: () => number;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
    for (const type of Object.keys(DEPENDS_ON) as ConditionType[]) {
      this.#conditions.set(type, {
        type,
        status: "Unknown",
        reason: "Starting",
        message: "not observed yet",
        sinceMs: now(),
        dependsOn: DEPENDS_ON[type],
      });
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

  /** Records a report; `since` moves only when the status does. */
  set(type: ConditionType, report: Report): void {
    const before = this.get(type);
    const isTurned = before.status !== report.status;
    this.#conditions.set(type, {
      type,
      ...report,
      sinceMs: isTurned ? this.#now() : before.sinceMs,
      dependsOn: before.dependsOn,
    });
    if (isTurned || before.reason !== report.reason) this.#announce(this.get(type));
  }

  setTrue(type: ConditionType, reason: string, message: string): void {
    this.set(type, { status: "True", reason, message });
  }

  /** Records a failure with its code as the reason (`cluster-not-found` becomes `ClusterNotFound`). */
  setFailed(type: ConditionType, error: unknown): void {
    const { code, message, hint } = describe(error);
    this.set(type, { status: "False", reason: toCamelCase(code), message, ...(hint === undefined ? {} : { hint }) });
  }

  /** The false conditions that no other false condition explains. */
  rootCauses(): readonly Condition[] {
    return this.list().filter((condition) => condition.status === "False" && !this.#hasFalseCause(condition));
  }

  #hasFalseCause(condition: Condition): boolean {
    return condition.dependsOn.some(
      (cause) => this.get(cause).status === "False" || this.#hasFalseCause(this.get(cause)),
    );
  }

  /** Only a root cause is a warning; what follows from one is told at info. */
  #announce({ type, status, reason, message, hint, ...condition }: Condition): void {
    const fields = { condition: type, status, reason };
    if (status === "False" && !this.#hasFalseCause({ type, status, reason, message, ...condition })) {
      this.#log.warn(fields, hint === undefined ? message : `${message} → ${hint}`);
    } else {
      this.#log.info(fields, message);
    }
  }
}

function toCamelCase(code: string): string {
  return code
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

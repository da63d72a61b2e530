// What was changed on this machine since the daemon's start, and which of these changes repaired an edit of another process.

import { type Resource, resourceId } from "../plan/resource.ts";
import { renderFirewall, renderTunnel } from "../plan/tunnel/resources.ts";
import type { Round } from "./converge.ts";

/** The changes of one resource. */
export interface ResourceChanges {
  readonly changes: number;
  readonly lastChangedAtMs: number;
  readonly repairs: number;
  readonly lastRepairAtMs?: number;
}

/** Counts changes. What was as planned in an earlier round, by the same plan, and is not now, was changed by another process. */
export class ChangeCounters {
  readonly #work = new Map<string, ResourceChanges>();
  readonly #inSync = new Map<string, string>();

  get changes(): number {
    return this.#sum(({ changes }) => changes);
  }

  get repairs(): number {
    return this.#sum(({ repairs }) => repairs);
  }

  list(): ReadonlyMap<string, ResourceChanges> {
    return this.#work;
  }

  /** Counts what a round changed of its resources, and returns those that were repaired. */
  record(resources: readonly Resource[], { changes, failures }: Round, nowMs: number): readonly string[] {
    const repaired = changes.flatMap(({ resource, action }) => {
      const id = resourceId(resource);
      // A service that is restarted has read another configuration than before: that follows from a change, and is none by itself.
      const isRepair = this.#inSync.get(id) === plannedState(resource) && action !== "restart";
      this.#count(id, isRepair, nowMs);
      return isRepair ? [id] : [];
    });
    const failed = new Set(failures.map(({ resource }) => resource));
    for (const resource of resources)
      if (!failed.has(resource)) this.#inSync.set(resourceId(resource), plannedState(resource));
    return repaired;
  }

  /** Counts repairs of what no plan holds. */
  recordRepairs(ids: readonly string[], nowMs: number): void {
    for (const id of ids) this.#count(id, true, nowMs);
  }

  #count(id: string, isRepair: boolean, nowMs: number): void {
    const before = this.#work.get(id) ?? { changes: 0, repairs: 0 };
    this.#work.set(id, {
      ...before,
      changes: before.changes + 1,
      lastChangedAtMs: nowMs,
      repairs: before.repairs + Number(isRepair),
      ...(isRepair ? { lastRepairAtMs: nowMs } : {}),
    });
  }

  #sum(read: (work: ResourceChanges) => number): number {
    return [...this.#work.values()].reduce((sum, work) => sum + read(work), 0);
  }
}

/** What a plan wants of a resource, as one text. */
function plannedState(resource: Resource): string {
  switch (resource.kind) {
    case "file":
      return `${resource.mode} ${resource.content}`;
    case "sysctl":
      return resource.value;
    case "kernel-module":
    case "service":
      return resource.kind;
    case "address":
      return resource.address;
    case "tunnel":
      return renderTunnel(resource);
    case "firewall":
      return renderFirewall(resource);
  }
}

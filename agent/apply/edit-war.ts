// Somebody who writes a file again each time that it was put back is not fought for ever: each time costs a restart of containerd.

import { SatelliteError } from "../errors.ts";
import { type ContainerdFacts, parseToml } from "../facts/containerd.ts";
import { listDifferences } from "../plan/containerd-drift.ts";
import type { FileResource, Resource } from "../plan/resource.ts";
import type { Change } from "./executor.ts";

const MAX_REPAIRS = 3;
const WINDOW_MS = 10 * 60_000;
const COOLDOWN_MS = 60 * 60_000;
/** What somebody writes anew as a whole differs in everything; the first keys say enough. */
const MAX_DIFFERENCES = 5;

/** Counts how often containerd's configuration was put back, and says when it is to be left alone. */
export class EditWar {
  #repairsMs: readonly number[] = [];
  #cooldownUntilMs = Number.NEGATIVE_INFINITY;
  /** The content that we left there; undefined until it was there once. */
  #left: string | undefined;

  /** These changes were made now. What somebody had made of our content counts, also when the plan follows from it and is another. */
  note(changes: readonly Change[], nowMs: number): void {
    for (const { resource, action, before } of changes) {
      if (!isContainerdFile(resource) || action === "set-mode") continue;
      const isRepair = this.#left !== undefined && before !== this.#left;
      this.#left = resource.content;
      if (isRepair) this.#count(nowMs);
    }
  }

  #count(nowMs: number): void {
    this.#repairsMs = [...this.#repairsMs.filter((ms) => nowMs - ms < WINDOW_MS), nowMs];
    if (this.#repairsMs.length < MAX_REPAIRS) return;
    this.#cooldownUntilMs = nowMs + COOLDOWN_MS;
    this.#repairsMs = [];
  }

  /**
   * What of the plan to apply: all of it, or all but a containerd configuration that is fought over, which is then the problem.
   */
  withhold(
    resources: readonly Resource[],
    containerd: ContainerdFacts | undefined,
    nowMs: number,
  ): { readonly resources: readonly Resource[]; readonly problem?: SatelliteError } {
    const file = resources.find(isContainerdFile);
    if (file === undefined) return { resources };
    if (containerd?.config.kind === "parsed" && containerd.config.text === file.content) {
      this.#left = file.content;
      return { resources };
    }
    if (nowMs >= this.#cooldownUntilMs) return { resources };
    const until = new Date(this.#cooldownUntilMs).toISOString();
    return {
      resources: resources.filter((resource) => resource !== file && resource.kind !== "service"),
      problem: new SatelliteError(
        "containerd-config-contested",
        `${file.path} was put back ${MAX_REPAIRS} times in ${WINDOW_MS / 60_000} minutes, and somebody has changed it again; it is left as it is until ${until}: ${describeDrift(file, containerd)}`,
        {
          hint: "eks-satellite plan --diff shows what is contested. Find who writes it (GPU Operator's toolkit, a configuration management), and give the key to one of both: containerd.config, gpu.defaultRuntime.",
        },
      ),
    };
  }
}

/** What is contested, with both values. */
function describeDrift({ content }: FileResource, containerd: ContainerdFacts | undefined): string {
  if (containerd?.config.kind !== "parsed") return "the file is gone";
  const differences = listDifferences(parseToml(content), containerd.config.table);
  const more = differences.length - MAX_DIFFERENCES;
  if (differences.length === 0) return "it says the same in other words";
  return `${differences.slice(0, MAX_DIFFERENCES).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function isContainerdFile(resource: Resource): resource is FileResource {
  return resource.kind === "file" && resource.reader === "containerd";
}

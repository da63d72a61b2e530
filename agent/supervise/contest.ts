// Somebody who writes a file again each time that it was put back is not fought for ever: each time costs a restart of containerd.

import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import type { FileResource, Resource } from "../plan/resource.ts";

const MAX_REPAIRS = 3;
const WINDOW_MS = 10 * 60_000;
const TRUCE_MS = 60 * 60_000;

/** Counts how often containerd's configuration was put back, and says when it is to be left alone. */
export class Contest {
  #repairsMs: readonly number[] = [];
  #truceUntilMs = Number.NEGATIVE_INFINITY;

  /** It was put back now. */
  note(nowMs: number): void {
    this.#repairsMs = [...this.#repairsMs.filter((ms) => nowMs - ms < WINDOW_MS), nowMs];
    if (this.#repairsMs.length < MAX_REPAIRS) return;
    this.#truceUntilMs = nowMs + TRUCE_MS;
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
    if (nowMs >= this.#truceUntilMs || file === undefined || isAsPlanned(file, containerd)) return { resources };
    const until = new Date(this.#truceUntilMs).toISOString();
    return {
      resources: resources.filter((resource) => resource !== file && resource.kind !== "service"),
      problem: new SatelliteError(
        "containerd-config-contested",
        `${file.path} was put back ${MAX_REPAIRS} times in ${WINDOW_MS / 60_000} minutes, and somebody has changed it again; it is left as it is until ${until}`,
        {
          hint: "eks-satellite plan --diff shows what is contested. Find who writes it (GPU Operator's toolkit, a configuration management), and give the key to one of both: containerd.config, gpu.defaultRuntime.",
        },
      ),
    };
  }
}

function isContainerdFile(resource: Resource): resource is FileResource {
  return resource.kind === "file" && resource.reader === "containerd";
}

function isAsPlanned({ content }: FileResource, containerd: ContainerdFacts | undefined): boolean {
  return containerd?.config.kind === "parsed" && containerd.config.text === content;
}

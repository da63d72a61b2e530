// Another process that changes containerd's configuration after each repair is not fought for ever: each time costs a restart.

import { SatelliteError } from "../errors.ts";
import { type ContainerdFacts, parseToml } from "../facts/containerd.ts";
import type { Clock } from "../host/host.ts";
import { unifyKeys } from "../plan/containerd/keys.ts";
import { listDifferences } from "../plan/containerd-drift.ts";
import { type FileResource, isReadBy, type Resource } from "../plan/resource.ts";
import { isoTime } from "../time.ts";
import type { Change } from "./executor.ts";

const MAX_REPAIRS = 3;
const WINDOW_MS = 10 * 60_000;
const COOLDOWN_MS = 60 * 60_000;
/** A file that is written anew as a whole differs in everything; the first keys say enough. */
const MAX_DIFFERENCES = 5;

/** Counts the repairs of containerd's configuration, and says when to leave it alone. */
export class EditWar {
  readonly #clock: Clock;
  /** By the monotonic clock, as the cooldown's end. */
  #repairsMs: readonly number[] = [];
  #cooldownUntilMs = Number.NEGATIVE_INFINITY;
  /** The content that the last round left there; undefined until it was there once. */
  #left: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of changes that were made just now. Another process's edit counts, also when the plan follows from it and is another. */
  note(changes: readonly Change[]): void {
    for (const { resource, action, before } of changes) {
      if (!isReadBy("containerd", resource) || action === "set-mode") continue;
      const isRepair = this.#left !== undefined && before !== this.#left;
      this.#left = resource.content;
      if (isRepair) this.#count(this.#clock.monotonic());
    }
  }

  #count(nowMs: number): void {
    this.#repairsMs = [...this.#repairsMs.filter((ms) => nowMs - ms < WINDOW_MS), nowMs];
    if (this.#repairsMs.length < MAX_REPAIRS) return;
    this.#cooldownUntilMs = nowMs + COOLDOWN_MS;
    this.#repairsMs = [];
  }

  /**
   * What to apply of the plan: all of it, or all but a contested configuration of containerd, which is then the problem.
   */
  withhold(
    resources: readonly Resource[],
    containerd: ContainerdFacts | undefined,
  ): { readonly resources: readonly Resource[]; readonly problem?: SatelliteError } {
    const file = resources.find((resource) => isReadBy("containerd", resource));
    if (file === undefined) return { resources };
    if (containerd?.config.kind === "parsed" && containerd.config.text === file.content) {
      this.#left = file.content;
      return { resources };
    }
    const leftMs = this.#cooldownUntilMs - this.#clock.monotonic();
    if (leftMs <= 0) return { resources };
    const until = isoTime(this.#clock.now() + leftMs);
    return {
      resources: resources.filter(
        (resource) => resource !== file && !(resource.kind === "service" && resource.configFile === file.path),
      ),
      problem: new SatelliteError(
        "containerd-config-contested",
        `${file.path} was repaired ${MAX_REPAIRS} times in ${WINDOW_MS / 60_000} minutes, and another process has changed it again; it is left as it is until ${until}: ${describeDrift(file, containerd)}`,
        {
          hint: "eks-satellite plan --diff shows what is contested. Find what writes it (GPU Operator's toolkit, a configuration management), and give the key to one of both: containerd.config, gpu.defaultRuntime.",
        },
      ),
    };
  }
}

/** What is contested, with both values. */
function describeDrift({ content }: FileResource, containerd: ContainerdFacts | undefined): string {
  if (containerd?.config.kind !== "parsed") return "the file is gone";
  const { version, config } = containerd;
  const differences = listDifferences(unifyKeys(parseToml(content), version), unifyKeys(config.table, version));
  const more = differences.length - MAX_DIFFERENCES;
  if (differences.length === 0) return "it says the same in other words";
  return `${differences.slice(0, MAX_DIFFERENCES).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

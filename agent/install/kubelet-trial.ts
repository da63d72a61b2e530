// A new kubelet has five minutes to make the node Ready. The state of the trial survives restarts of the daemon.
import { gt } from "semver";
import * as z from "zod";
import type { Config } from "../config/schema.ts";
import { sha256 } from "../digest.ts";
import type { Host } from "../host/host.ts";

/** How long the node may be not Ready while the API server answers. */
const TRIAL_MS = 5 * 60_000;
/** How long the node must stay Ready: a kubelet that dies at once has not passed. */
const PROOF_MS = 20_000;
/** After this many exits of the new kubelet the trial fails at once. */
const TRIAL_EXITS = 3;
/** Rounds are seconds apart. A longer gap is a clock that was set or a machine that slept, and is not charged to kubelet. */
const LONGEST_GAP_MS = 60_000;
/** The spent time is saved this often, for the next start of the daemon. */
const SAVE_EVERY_MS = 30_000;

const trialSchema = z.object({
  version: z.string(),
  previous: z.string(),
  /** Time without a Ready node so far, milliseconds. It passes only while the daemon runs. */
  spentMs: z.number(),
});
const stateSchema = z.object({
  trial: trialSchema.optional(),
  /** Versions that were rolled back, and are not tried again with this configuration. */
  rejected: z.array(z.string()),
  configDigest: z.string(),
});

export type KubeletTrial = z.infer<typeof trialSchema>;

/** What the daemon observes of the node during a trial. */
export interface TrialObservation {
  readonly isReady: boolean;
  /** kubelet's version in the Node's status, e.g. `v1.34.4-eks-a737599`. */
  readonly version: string | undefined;
  /** How often kubelet has exited by itself since the daemon started. */
  readonly kubeletExits: number;
  /** Whether the API server answers. While it does not, the state of the node is unknown. */
  readonly isReachable: boolean;
}

/** Whether a version in a Node's status belongs to a release. EKS's builds have a suffix, e.g. `v1.34.4-eks-a737599` for 1.34.4. */
export function isOfRelease(version: string | undefined, release: string): boolean {
  const bare = version?.replace(/^v/, "");
  return bare === release || bare?.startsWith(`${release}-`) === true || bare?.startsWith(`${release}+`) === true;
}

/** The last observation by this run of the daemon. */
interface LastObservation {
  readonly atMs: number;
  readonly firstExits: number;
  readonly exits: number;
  readonly readySinceMs: number | undefined;
}

/** The current trial, and the versions that failed earlier ones. */
export class KubeletTrials {
  readonly #host: Host;
  readonly #path: string;
  readonly #configDigest: string;
  #state: z.infer<typeof stateSchema>;
  #isLoaded = false;
  /** Of this run of the daemon; undefined before the first round. */
  #last: LastObservation | undefined;
  #savedMs = 0;

  constructor(host: Host, path: string, config: Config["kubelet"]) {
    this.#host = host;
    this.#path = path;
    this.#configDigest = sha256(JSON.stringify(config));
    this.#state = { rejected: [], configDigest: this.#configDigest };
  }

  get current(): KubeletTrial | undefined {
    return this.#state.trial;
  }

  /** Versions that were rolled back. */
  get rejected(): readonly string[] {
    return this.#state.rejected;
  }

  /** Loads the state of an earlier run. With another configuration, rejected versions get another chance. */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    try {
      const known = stateSchema.parse(JSON.parse((await this.#host.files.read(this.#path)) ?? ""));
      const isSame = known.configDigest === this.#configDigest;
      this.#state = { ...known, rejected: isSame ? known.rejected : [], configDigest: this.#configDigest };
    } catch {
      // An absent or damaged file means: no trial, and no rejected versions.
    }
  }

  /** Begins a trial. Call it before the link changes. @throws disk-full, file-unwritable */
  async begin(version: string, previous: string): Promise<void> {
    this.#last = undefined;
    this.#savedMs = 0;
    await this.#save({ ...this.#state, trial: { version, previous, spentMs: 0 } });
  }

  /** Judges the trial by the current observation. */
  async judge({
    isReady,
    version,
    kubeletExits,
    isReachable,
  }: TrialObservation): Promise<"passed" | "failed" | "undecided"> {
    const { trial } = this.#state;
    if (trial === undefined) return "undecided";
    const nowMs = this.#host.clock.monotonic();
    const last = this.#last;
    const sinceMs = last === undefined ? 0 : Math.min(LONGEST_GAP_MS, Math.max(0, nowMs - last.atMs));
    const firstExits = last?.firstExits ?? kubeletExits;
    // The API server reports a node as Ready for a while after its kubelet has died.
    const isGood = isReady && isOfRelease(version, trial.version) && kubeletExits === (last?.exits ?? kubeletExits);
    const readySinceMs = isGood ? (last?.readySinceMs ?? nowMs) : undefined;
    this.#last = { atMs: nowMs, firstExits, exits: kubeletExits, readySinceMs };
    if (kubeletExits - firstExits >= TRIAL_EXITS) return "failed";
    if (readySinceMs !== undefined) return nowMs - readySinceMs >= PROOF_MS ? "passed" : "undecided";
    if (!isReachable) return "undecided";
    await this.#count({ ...trial, spentMs: trial.spentMs + sinceMs });
    return trial.spentMs + sinceMs >= TRIAL_MS ? "failed" : "undecided";
  }

  async #count(trial: KubeletTrial): Promise<void> {
    this.#state = { ...this.#state, trial };
    if (trial.spentMs - this.#savedMs < SAVE_EVERY_MS) return;
    this.#savedMs = trial.spentMs;
    await this.#save(this.#state).catch(() => undefined); // On a full disk the next run only counts this time again.
  }

  /** Forgets the trial, because an administrator installed another kubelet. @throws disk-full, file-unwritable */
  async abandon(): Promise<void> {
    const { rejected, configDigest } = this.#state;
    await this.#save({ configDigest, rejected });
  }

  /** Ends the trial. A version that did not pass is not tried again. @throws disk-full, file-unwritable */
  async end(hasPassed: boolean): Promise<void> {
    const { trial, rejected, configDigest } = this.#state;
    if (trial === undefined) return;
    const { version } = trial;
    const others = rejected.filter((other) => other !== version);
    // Versions that failed before no longer matter once a newer one runs.
    const known = hasPassed ? others.filter((other) => gt(other, version)) : [...others, version];
    await this.#save({ configDigest, rejected: known });
  }

  async #save(state: z.infer<typeof stateSchema>): Promise<void> {
    await this.#host.files.write(this.#path, `${JSON.stringify(state)}\n`, { mode: 0o600 });
    this.#state = state;
  }
}

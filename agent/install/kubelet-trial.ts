// A kubelet that has taken another's place has five minutes to make the node Ready. What is known of it outlives the daemon.
import { createHash } from "node:crypto";
import { gt } from "semver";
import * as z from "zod";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";

/** How long the node may be without being Ready, while the API server answers. */
const TRIAL_MS = 5 * 60_000;
/** A kubelet that is Ready and dies at once has not passed. */
const PROOF_MS = 20_000;
/** Ends of the new kubelet from which on nobody waits for it any longer. */
const TRIAL_EXITS = 3;
/** Looks are seconds apart: what is more is a clock that was set, or a machine that slept, and no time of kubelet's. */
const LONGEST_LOOK_MS = 60_000;
/** Time that has passed is written down this often, for the next start of the daemon. */
const KEEP_EVERY_MS = 30_000;

const trialSchema = z.object({
  version: z.string(),
  previous: z.string(),
  /** Time without a Ready node so far, milliseconds; when nobody looks none passes. */
  spentMs: z.number(),
});
const stateSchema = z.object({
  trial: trialSchema.optional(),
  /** Versions that were taken back, and are not tried again with this configuration. */
  rejected: z.array(z.string()),
  configDigest: z.string(),
});

export type KubeletTrial = z.infer<typeof trialSchema>;

/** What is seen of the node while a trial lasts. */
export interface TrialObservation {
  readonly isReady: boolean;
  /** What the Node says that it runs, e.g. `v1.34.4-eks-a737599`. */
  readonly version: string | undefined;
  /** How often kubelet has ended by itself since the daemon was started. */
  readonly kubeletExits: number;
  /** Whether the API server answers: while it does not, nobody can say how the node is. */
  readonly isReachable: boolean;
}

/** Whether a Node's version is of this release; EKS's builds say more, e.g. `v1.34.4-eks-a737599` for 1.34.4. */
export function isOfRelease(version: string | undefined, release: string): boolean {
  const bare = version?.replace(/^v/, "");
  return bare === release || bare?.startsWith(`${release}-`) === true || bare?.startsWith(`${release}+`) === true;
}

/** What was seen last, by this run of the daemon. */
interface Look {
  readonly atMs: number;
  readonly firstExits: number;
  readonly exits: number;
  readonly readySinceMs: number | undefined;
}

/** The trial of now, and what earlier ones taught. */
export class KubeletTrials {
  readonly #host: Host;
  readonly #path: string;
  readonly #configDigest: string;
  #state: z.infer<typeof stateSchema>;
  #isLoaded = false;
  /** Of this run of the daemon; undefined before the first look. */
  #last: Look | undefined;
  #keptMs = 0;

  constructor(host: Host, path: string, config: Config["kubelet"]) {
    this.#host = host;
    this.#path = path;
    this.#configDigest = createHash("sha256").update(JSON.stringify(config)).digest("hex");
    this.#state = { rejected: [], configDigest: this.#configDigest };
  }

  get current(): KubeletTrial | undefined {
    return this.#state.trial;
  }

  /** Versions that were taken back. */
  get rejected(): readonly string[] {
    return this.#state.rejected;
  }

  /** Reads what an earlier run knew; another configuration is another try. */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    try {
      const known = stateSchema.parse(JSON.parse((await this.#host.files.read(this.#path)) ?? ""));
      const isSame = known.configDigest === this.#configDigest;
      this.#state = { ...known, rejected: isSame ? known.rejected : [], configDigest: this.#configDigest };
    } catch {
      // Absent or damaged: there is then no trial, and nothing that was rejected.
    }
  }

  /** Begins one; to be called before the programs change places. @throws disk-full, file-unwritable */
  async begin(version: string, previous: string): Promise<void> {
    this.#last = undefined;
    this.#keptMs = 0;
    await this.#save({ ...this.#state, trial: { version, previous, spentMs: 0 } });
  }

  /** Judges it by what is seen now. */
  async judge({
    isReady,
    version,
    kubeletExits,
    isReachable,
  }: TrialObservation): Promise<"passed" | "failed" | "undecided"> {
    const { trial } = this.#state;
    if (trial === undefined) return "undecided";
    const nowMs = this.#host.clock.now();
    const last = this.#last;
    const sinceMs = last === undefined ? 0 : Math.min(LONGEST_LOOK_MS, Math.max(0, nowMs - last.atMs));
    const firstExits = last?.firstExits ?? kubeletExits;
    // The API server calls a node Ready for a while after its kubelet has died.
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
    if (trial.spentMs - this.#keptMs < KEEP_EVERY_MS) return;
    this.#keptMs = trial.spentMs;
    await this.#save(this.#state).catch(() => undefined); // A disk that is full makes a later run count again, and no more.
  }

  /** Forgets it: somebody else has put a kubelet of his own in its place. @throws disk-full, file-unwritable */
  async abandon(): Promise<void> {
    const { rejected, configDigest } = this.#state;
    await this.#save({ configDigest, rejected });
  }

  /** Ends it; a version that did not pass is not tried again. @throws disk-full, file-unwritable */
  async end(hasPassed: boolean): Promise<void> {
    const { trial, rejected, configDigest } = this.#state;
    if (trial === undefined) return;
    const { version } = trial;
    const others = rejected.filter((other) => other !== version);
    // What was taken back before is history once a newer one runs.
    const known = hasPassed ? others.filter((other) => gt(other, version)) : [...others, version];
    await this.#save({ configDigest, rejected: known });
  }

  async #save(state: z.infer<typeof stateSchema>): Promise<void> {
    await this.#host.files.write(this.#path, `${JSON.stringify(state)}\n`, { mode: 0o600 });
    this.#state = state;
  }
}

// A kubelet that has taken another's place has five minutes to make the node Ready. What is known of it outlives the daemon.
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";

const TRIAL_MS = 5 * 60_000;

const trialSchema = z.object({ version: z.string(), previous: z.string(), startedAtMs: z.number() });
const stateSchema = z.object({
  trial: trialSchema.optional(),
  /** Versions that were taken back, and are not tried again with this configuration. */
  rejected: z.array(z.string()),
  configDigest: z.string(),
});

export type KubeletTrial = z.infer<typeof trialSchema>;

/** What is seen of the node while a trial lasts. */
export interface TrialSight {
  readonly isReady: boolean;
  /** What the Node says that it runs, e.g. `v1.34.4`. */
  readonly version: string | undefined;
  readonly isCrashing: boolean;
  /** Whether the API server answers: while it does not, nobody can say how the node is. */
  readonly isReachable: boolean;
}

/** EKS's own builds say more of themselves than the release that they are of: `v1.34.4-eks-a737599` is of 1.34.4. */
function isOfRelease(version: string | undefined, release: string): boolean {
  return version === `v${release}` || version?.startsWith(`v${release}-`) === true;
}

/** The trial of now, and what earlier ones taught. */
export class KubeletTrials {
  readonly #host: Host;
  readonly #path: string;
  readonly #configDigest: string;
  #state: z.infer<typeof stateSchema>;
  #isLoaded = false;
  /** When time was last counted; time during which the API server does not answer is not. */
  #lastSightMs: number | undefined;

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
    this.#lastSightMs = undefined;
    await this.#save({ ...this.#state, trial: { version, previous, startedAtMs: this.#host.clock.now() } });
  }

  /** Judges it by what is seen now. */
  judge({ isReady, version, isCrashing, isReachable }: TrialSight): "passed" | "failed" | "undecided" {
    const { trial } = this.#state;
    if (trial === undefined) return "undecided";
    const nowMs = this.#host.clock.now();
    const sinceMs = nowMs - (this.#lastSightMs ?? nowMs);
    this.#lastSightMs = nowMs;
    if (isReady && isOfRelease(version, trial.version)) return "passed";
    if (isCrashing) return "failed";
    if (!isReachable) this.#state = { ...this.#state, trial: { ...trial, startedAtMs: trial.startedAtMs + sinceMs } };
    return nowMs - (this.#state.trial?.startedAtMs ?? nowMs) >= TRIAL_MS ? "failed" : "undecided";
  }

  /** Ends it; a version that did not pass is not tried again. @throws disk-full, file-unwritable */
  async end(hasPassed: boolean): Promise<void> {
    const { trial, rejected, configDigest } = this.#state;
    if (trial === undefined) return;
    await this.#save({ configDigest, rejected: hasPassed ? rejected : [...new Set([...rejected, trial.version])] });
  }

  async #save(state: z.infer<typeof stateSchema>): Promise<void> {
    await this.#host.files.write(this.#path, `${JSON.stringify(state)}\n`, { mode: 0o600 });
    this.#state = state;
  }
}

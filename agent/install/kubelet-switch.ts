// Replaces one kubelet by another on trial, and rolls back when the node does not become Ready with it.
import type { NoticeEvent } from "../board/events.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import type { InstallEvent } from "./install-event.ts";
import type { KubeletSituation } from "./kubelet-choice.ts";
import type { KubeletTrial, KubeletTrials, TrialObservation } from "./kubelet-trial.ts";

export interface KubeletSwitchOptions {
  readonly config: Config["kubelet"];
  readonly log: Log;
  readonly store: ArtifactStore;
  readonly trials: KubeletTrials;
  readonly observation: () => TrialObservation;
  readonly emit: (event: InstallEvent | NoticeEvent) => void;
}

/** Links a downloaded version to kubelet.path. Where it replaces another one, a trial begins. @throws artifact-broken, disk-full, file-unwritable */
export async function switchKubelet(
  { config, store, trials, emit }: KubeletSwitchOptions,
  version: string,
  previous: string | undefined,
): Promise<void> {
  await store.tryOut("kubelet", version);
  if (previous !== undefined) {
    await trials.begin(version, previous);
    const message = `kubelet ${version} replaces ${previous}, which is restored if the node is not Ready in 5 minutes`;
    emit({ kind: "notice", type: "Normal", reason: "KubeletUpgrading", message });
  }
  await store.link(config.path, "kubelet", version, "kubelet");
  await store.prune("kubelet", [version, previous]);
}

/** Judges the trial once, and ends it when the verdict is clear. @throws disk-full, file-unwritable, artifact-broken */
export async function watchTrial(
  options: KubeletSwitchOptions,
  trial: KubeletTrial,
  owner: KubeletSituation["owner"],
): Promise<void> {
  const { config, store, trials, observation, emit } = options;
  // An administrator who installed a kubelet meanwhile keeps it.
  if (owner === "foreign") return trials.abandon();
  const verdict = await trials.judge(observation());
  if (verdict === "failed") return rollBack(options, trial);
  // A power cut may have come after the trial was recorded and before the link was made.
  if (verdict === "undecided") return store.link(config.path, "kubelet", trial.version, "kubelet");
  await trials.end(true);
  const message = `the node is Ready with kubelet ${trial.version}; ${trial.previous} is kept`;
  emit({ kind: "notice", type: "Normal", reason: "KubeletUpgraded", message });
}

async function rollBack(
  { config, log, store, trials, emit }: KubeletSwitchOptions,
  { version, previous }: KubeletTrial,
): Promise<void> {
  // The link comes first: after a power cut between the two, the trial fails again and is ended.
  await store.link(config.path, "kubelet", previous, "kubelet");
  await trials.end(false);
  const words = `kubelet ${version} did not make the node Ready and was rolled back; ${previous} runs again`;
  log.error({ version, previous }, words);
  emit({ kind: "notice", type: "Warning", reason: "KubeletRolledBack", message: words });
  emit({ kind: "programs-changed" });
}

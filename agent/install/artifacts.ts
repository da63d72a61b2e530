// The artifacts of EKS (kubelet, ecr-credential-provider, CNI plugins): downloads what is missing, upgrades kubelet with the cluster
// where the configuration says so, and rolls it back when it fails. Downloads take minutes, so they run in the background.
import { Ledger } from "../apply/ledger.ts";
import type { ClusterFacts } from "../aws/cluster.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import type { NoticeEvent } from "../board/events.ts";
import { ARTIFACTS_FOLDER, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";
import {
  type ArtifactName,
  type ArtifactRelease,
  defaultManifestUrl,
  findRelease,
  findSigningHelper,
  goArchitecture,
  isListed,
  MAX_MANIFEST_BYTES,
  parseManifest,
  type VersionSpec,
} from "./artifact-manifest.ts";
import { ArtifactStore, readText } from "./artifact-store.ts";
import { readKubeletSituation } from "./available-artifacts.ts";
import type { InstallEvent } from "./install-event.ts";
import { isWanted, type KubeletSituation, kubeletVersionSpec, refuseSpec } from "./kubelet-choice.ts";
import { type KubeletSwitchOptions, switchKubelet, watchTrial } from "./kubelet-switch.ts";
import { KubeletTrials, type TrialObservation } from "./kubelet-trial.ts";
import {
  type ArtifactNeeds,
  artifactsMissing,
  hasNeeds,
  type NodeBinaryState,
  onTrial,
  reportSkew,
  rolledBack,
} from "./missing-artifacts.ts";
import { installNodeBinaries, installProgram, type NodeBinariesOptions, readNodeBinaries } from "./node-binaries.ts";
import { UpgradeWindow } from "./upgrade-window.ts";

const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 30 * 60_000;
/** New patches are searched this often, and whenever the cluster's version changes. */
const PATCH_SEARCH_MS = 24 * 60 * 60_000;
const PROGRESS_STEP_BYTES = 10 * 2 ** 20;

export interface ArtifactsOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly cluster: () => ClusterFacts | undefined;
  /** Last known version of the program at kubelet.path. */
  readonly kubeletVersion: () => string | undefined;
  readonly observation: () => TrialObservation;
  readonly emit: (event: InstallEvent | NoticeEvent) => void;
  /** Aborts the current download: a new configuration may want something else. */
  readonly signal: AbortSignal;
}

/** Keeps the artifacts installed, and reports ArtifactsInstalled and KubeletSupported. */
export class Artifacts {
  readonly #options: ArtifactsOptions;
  readonly #store: ArtifactStore;
  readonly #trials: KubeletTrials;
  readonly #switching: KubeletSwitchOptions;
  readonly #nodeBinaries: NodeBinariesOptions;
  readonly #retry: Backoff;
  readonly #manifestUrl: string;
  readonly window: UpgradeWindow;
  readonly figures = { installed: 0, failed: 0, bytes: 0 };
  #running: Promise<void> | undefined;
  #notBeforeMs = 0;
  #lastSearch: { readonly key: string; readonly atMs: number } | undefined;
  #reportedBytes = 0;

  constructor(options: ArtifactsOptions) {
    const { host, config, log, signal } = options;
    const state = statePaths(config.stateFolder);
    this.#options = options;
    this.window = new UpgradeWindow(host, config.kubelet);
    this.#store = new ArtifactStore({
      ...{ host, log, signal, ledger: new Ledger(host, state.ledger, log) },
      onProgress: (...progress) => this.#showProgress(...progress),
    });
    this.#trials = new KubeletTrials(host, state.artifacts, config.kubelet);
    this.#switching = { ...options, config: config.kubelet, store: this.#store, trials: this.#trials };
    this.#nodeBinaries = { host, config, store: this.#store, fetch: (...wanted) => this.#fetch(...wanted) };
    this.#retry = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: host.random });
    this.#manifestUrl = config.artifacts.manifestUrl ?? defaultManifestUrl(config.cluster.region);
  }

  /** Compares once what is installed with what is needed, and starts downloads without waiting for them. @throws file-unreadable */
  async round(): Promise<void> {
    const { board, kubeletVersion } = this.#options;
    await this.#trials.load();
    const situation = await this.#readSituation();
    const version = kubeletVersion();
    const skew = version === undefined ? undefined : reportSkew(situation, version);
    if (skew !== undefined) board.set("KubeletSupported", skew);
    if (this.#running !== undefined) return;
    const trial = this.#trials.current;
    if (trial === undefined) {
      const nodeBinaries = await readNodeBinaries(this.#nodeBinaries, situation);
      // One that is missing comes at once; one that runs is replaced within a window.
      const mayCome = situation.owner === "none" || (await this.window.isOpen());
      const kubelet = mayCome ? kubeletVersionSpec(situation) : undefined;
      return this.#satisfy({ kubelet, ...nodeBinaries }, situation);
    }
    await watchTrial(this.#switching, trial, situation.owner);
    this.#report(situation.owner);
  }

  /** Resolves when nothing is downloaded or switched. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #satisfy(needs: ArtifactNeeds, situation: KubeletSituation): Promise<void> {
    const { host, config, board, signal } = this.#options;
    const { owner, clusterVersion } = situation;
    if (!hasNeeds(needs)) return this.#report(owner);
    if (config.artifacts.install === "never") {
      const missing = artifactsMissing(config, needs, situation);
      return missing === undefined ? this.#report(owner) : board.setFailed("ArtifactsInstalled", missing);
    }
    if (needs.helper === undefined && clusterVersion === undefined) return;
    const refusal = clusterVersion === undefined ? undefined : refuseSpec(needs.kubelet, clusterVersion);
    if (refusal !== undefined) return board.setFailed("ArtifactsInstalled", refusal);
    if (signal.aborted || host.clock.monotonic() < this.#notBeforeMs || !this.#isDue(needs, situation)) return;
    this.#running = this.#install(needs, situation)
      .then(() => this.#report("agent"))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #readSituation(): Promise<KubeletSituation> {
    const { host, config, cluster, kubeletVersion, observation } = this.#options;
    const situation = await readKubeletSituation(host, config.kubelet, cluster()?.version);
    const installed = situation.owner === "foreign" ? kubeletVersion() : situation.installed;
    return { ...situation, installed, isNodeReady: observation().isReady };
  }

  /** What is missing is downloaded at once. Patches are searched once a day, and for a new version of the cluster. */
  #isDue({ helper, provider, plugins }: ArtifactNeeds, situation: KubeletSituation): boolean {
    if (situation.owner === "none" || helper !== undefined || provider === "missing" || plugins === "missing")
      return true;
    const isKnown = this.#lastSearch?.key === searchKey(situation);
    return (
      !isKnown ||
      this.#options.host.clock.monotonic() - (this.#lastSearch?.atMs ?? Number.NEGATIVE_INFINITY) >= PATCH_SEARCH_MS
    );
  }

  async #install(needs: ArtifactNeeds, situation: KubeletSituation): Promise<void> {
    const { host, emit } = this.#options;
    const manifest = parseManifest(await readText(host, this.#manifestUrl, MAX_MANIFEST_BYTES), this.#manifestUrl);
    const architecture = goArchitecture((await host.systemInformation()).architecture);
    // The helper comes first: without it there are no keys, and without keys the cluster's version is unknown.
    if (needs.helper !== undefined) {
      const helper = findSigningHelper(manifest, architecture, this.#manifestUrl);
      await installProgram(this.#nodeBinaries, "aws_signing_helper", helper, needs.helper);
    }
    if (situation.clusterVersion !== undefined && hasNeeds({ ...needs, helper: undefined })) {
      const find = (wanted: VersionSpec) => findRelease(manifest, wanted, architecture, this.#manifestUrl);
      const hasOwn = situation.owner === "agent" && isListed(manifest, situation.installed);
      await this.#installReleases(needs, { ...situation, clusterVersion: situation.clusterVersion }, { find, hasOwn });
      this.#lastSearch = { key: searchKey(situation), atMs: host.clock.monotonic() };
    }
    this.#retry.reset();
    emit({ kind: "programs-changed" });
  }

  async #installReleases(
    needs: ArtifactNeeds,
    situation: KubeletSituation & { readonly clusterVersion: string },
    { find, hasOwn }: { readonly find: (wanted: VersionSpec) => ArtifactRelease; readonly hasOwn: boolean },
  ): Promise<void> {
    const { kubelet, provider, plugins } = needs;
    const { installed, clusterVersion } = situation;
    const target = kubelet === undefined ? undefined : find(kubelet);
    const next = target !== undefined && this.#isAccepted(target, needs, situation) ? target : undefined;
    // The other node binaries have the release of kubelet. They follow once the new kubelet has passed its trial.
    const own = next === undefined && hasOwn ? installed : undefined;
    const release = next ?? find(own === undefined ? { minor: clusterVersion } : { version: own });
    const follow = (state: NodeBinaryState) => (state === "other-release" && own === undefined ? "fine" : state);
    // kubelet comes last: it starts as soon as it is installed, and looks for a credential provider only when it starts.
    await installNodeBinaries(this.#nodeBinaries, { provider: follow(provider), plugins: follow(plugins) }, release);
    if (next === undefined) return;
    await this.#fetch("kubelet", next);
    await switchKubelet(this.#switching, next.version, installed);
  }

  /** A version that was rolled back is not tried again, unless no kubelet is installed: any kubelet is better than none. */
  #isAccepted({ version }: ArtifactRelease, { kubelet }: ArtifactNeeds, { installed }: KubeletSituation): boolean {
    const isRejected = installed !== undefined && this.#trials.rejected.includes(version);
    return !isRejected && kubelet !== undefined && isWanted(version, installed, kubelet);
  }

  async #fetch(name: ArtifactName, release: ArtifactRelease): Promise<void> {
    this.#reportedBytes = 0;
    await this.#store.fetch(name, release);
    if (this.#reportedBytes === 0) return; // It was stored already.
    this.figures.bytes += this.#reportedBytes;
    this.figures.installed += 1;
  }

  #showProgress(name: ArtifactName, bytes: number, totalBytes: number | undefined): void {
    const isStep = Math.floor(bytes / PROGRESS_STEP_BYTES) > Math.floor(this.#reportedBytes / PROGRESS_STEP_BYTES);
    const isFirst = this.#reportedBytes === 0;
    this.#reportedBytes = bytes;
    if (!isStep && !isFirst) return;
    const [done, total] = [bytes, totalBytes].map((size) => size !== undefined && Math.round(size / 2 ** 20));
    const message = `${name}: ${done}${total === false ? "" : ` of ${total}`} MiB so far`;
    if (isStep) this.#options.log.info(message);
    this.#options.board.set("ArtifactsInstalled", { status: "Unknown", reason: "Downloading", message });
  }

  #report(owner: KubeletSituation["owner"]): void {
    const { board } = this.#options;
    const trial = this.#trials.current;
    const rejected = owner === "agent" ? this.#trials.rejected.at(-1) : undefined;
    if (trial !== undefined) board.set("ArtifactsInstalled", onTrial(trial));
    else if (rejected !== undefined) board.setFailed("ArtifactsInstalled", rolledBack(rejected));
    else
      board.setTrue(
        "ArtifactsInstalled",
        "Installed",
        `the artifacts of EKS are installed; downloads are in ${ARTIFACTS_FOLDER}`,
      );
  }

  #fail(error: unknown): void {
    const { host, board, signal } = this.#options;
    if (signal.aborted) return; // The download was aborted, which is not a failure.
    this.figures.failed += 1;
    this.#notBeforeMs = host.clock.monotonic() + Math.max(FIRST_RETRY_MS, this.#retry.next(0));
    board.setFailed("ArtifactsInstalled", error);
  }
}

/** What the result of a search depends on. */
function searchKey({ clusterVersion, config, installed }: KubeletSituation): string {
  return `${clusterVersion} ${config.version} ${installed}`;
}

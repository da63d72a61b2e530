// What EKS brings (kubelet, ecr-credential-provider, CNI plugins, aws_signing_helper): downloaded where it is missing, kubelet moved with the cluster when
// that is wanted and taken back when it fails. Downloads take minutes: they run beside everything else, and nothing waits for them.
import { Ledger } from "../apply/ledger.ts";
import type { ConditionBoard } from "../conditions.ts";
import type { Config } from "../config/schema.ts";
import {
  type ArtifactName,
  type ArtifactRelease,
  defaultManifestUrl,
  findRelease,
  findSigningHelper,
  parseManifest,
} from "../facts/artifact-manifest.ts";
import type { ClusterFacts } from "../facts/cluster.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { ARTIFACTS_FOLDER, PATHS, statePaths } from "../plan/paths.ts";
import { type ArtifactNeeds, artifactsMissing, hasNeeds, readNeeds, reportSkew, rolledBack } from "./artifact-needs.ts";
import { ArtifactStore, readText } from "./artifact-store.ts";
import { Backoff } from "./backoff.ts";
import { isWanted, type KubeletSituation, wishForKubelet } from "./kubelet-choice.ts";
import { KubeletTrials, type TrialSight } from "./kubelet-trial.ts";

const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 30 * 60_000;
/** New patches are looked for this often, and when the cluster's version is another. */
const LOOK_FOR_PATCHES_MS = 24 * 60 * 60_000;
const PROGRESS_STEP_BYTES = 10 * 2 ** 20;
const PROVIDER = "ecr-credential-provider";
const HELPER = "aws_signing_helper";
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export interface ArtifactsOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly cluster: () => ClusterFacts | undefined;
  /** Version of the program at kubelet.path, as last read. */
  readonly kubeletVersion: () => string | undefined;
  readonly sight: () => TrialSight;
  /** A program is another now. */
  readonly onChange: () => void;
  /** Part of a story that a person may want to read later. */
  readonly tell: (type: "Normal" | "Warning", reason: string, message: string) => void;
}

/** Keeps them there; ArtifactsInstalled and KubeletSupported say how that is. */
export class Artifacts {
  readonly #options: ArtifactsOptions;
  readonly #store: ArtifactStore;
  readonly #trials: KubeletTrials;
  readonly #retry: Backoff;
  readonly #manifestUrl: string;
  readonly figures = { installed: 0, failed: 0, bytes: 0 };
  #running: Promise<void> | undefined;
  #notBeforeMs = 0;
  #looked: { readonly key: string; readonly atMs: number } | undefined;
  #toldBytes = 0;

  constructor(options: ArtifactsOptions) {
    const { host, config, log } = options;
    const state = statePaths(config.stateFolder);
    this.#options = options;
    const ledger = new Ledger(host, state.ledger, log);
    this.#store = new ArtifactStore({
      host,
      log,
      ledger,
      onProgress: (name, bytes) => this.#showProgress(name, bytes),
    });
    this.#trials = new KubeletTrials(host, state.artifacts, config.kubelet);
    this.#retry = new Backoff({
      ...{ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, resetAfterMs: Number.POSITIVE_INFINITY },
      random: host.random,
    });
    this.#manifestUrl = config.artifacts.manifestUrl ?? defaultManifestUrl(config.cluster.region);
  }

  /** Looks once; what is to be downloaded is begun and not waited for. @throws file-unreadable */
  async round(): Promise<void> {
    const { host, config, board, cluster, kubeletVersion } = this.#options;
    await this.#trials.load();
    const situation = await this.#readSituation();
    const version = kubeletVersion();
    const skew = version === undefined ? undefined : reportSkew(situation, version);
    if (skew !== undefined) board.set("KubeletSupported", skew);
    if (this.#running !== undefined) return;
    if (this.#trials.current !== undefined) return this.#judgeTrial();
    const needs = await readNeeds(host, config, wishForKubelet(situation));
    if (config.artifacts.install === "never" && hasNeeds(needs))
      return board.setFailed("ArtifactsInstalled", artifactsMissing(config, needs));
    if (!hasNeeds(needs)) return this.#report();
    if (needs.helper === undefined && cluster() === undefined) return;
    if (host.clock.now() < this.#notBeforeMs || !this.#isDue(needs, situation)) return;
    this.#running = this.#bring(needs, situation)
      .then(() => this.#report())
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #readSituation(): Promise<KubeletSituation> {
    const { host, config, cluster, kubeletVersion } = this.#options;
    const { path } = config.kubelet;
    const own = await this.#store.versionAt(path, "kubelet");
    const isThere = (await host.files.status(path)) !== undefined;
    return {
      config: config.kubelet,
      owner: own !== undefined ? "agent" : isThere ? "somebody" : "nobody",
      installed: own ?? (isThere ? kubeletVersion() : undefined),
      clusterVersion: cluster()?.version,
    };
  }

  /** What is missing is looked for at once; patches of what is there once a day, and for a new version of the cluster. */
  #isDue({ helper, needsProvider, needsPlugins }: ArtifactNeeds, situation: KubeletSituation): boolean {
    if (situation.owner === "nobody" || helper !== undefined || needsProvider || needsPlugins) return true;
    const nowMs = this.#options.host.clock.now();
    return this.#looked?.key !== lookKey(situation) || nowMs - this.#looked.atMs >= LOOK_FOR_PATCHES_MS;
  }

  async #bring(needs: ArtifactNeeds, situation: KubeletSituation): Promise<void> {
    const { host } = this.#options;
    const manifest = parseManifest(await readText(host, this.#manifestUrl), this.#manifestUrl);
    const { architecture: machine } = await host.systemInformation();
    const architecture = ARCHITECTURES[machine] ?? machine;
    // First of all: without it there are no keys, and without keys nobody knows the cluster's version.
    if (needs.helper !== undefined)
      await this.#bringOne(HELPER, findSigningHelper(manifest, architecture, this.#manifestUrl), needs.helper);
    const { clusterVersion } = situation;
    if (clusterVersion !== undefined && hasNeeds({ ...needs, helper: undefined })) {
      const wish = needs.kubelet ?? { minor: clusterVersion };
      await this.#bringRelease(needs, situation, findRelease(manifest, wish, architecture, this.#manifestUrl));
      this.#looked = { key: lookKey(situation), atMs: host.clock.now() };
    }
    this.#retry.reset();
    this.#options.onChange();
  }

  /** kubelet last: it starts as soon as it is there, and reads at its start whether there is a provider. */
  async #bringRelease(needs: ArtifactNeeds, situation: KubeletSituation, release: ArtifactRelease): Promise<void> {
    const { installed, owner } = situation;
    if (needs.needsPlugins) await this.#bringPlugins(release);
    if (needs.needsProvider) await this.#bringOne(PROVIDER, release, this.#options.config.imageCredentialProvider.path);
    if (needs.kubelet === undefined || this.#trials.rejected.includes(release.version)) return;
    if (isWanted(release.version, installed, needs.kubelet))
      await this.#bringKubelet(release, owner === "agent" ? installed : undefined);
  }

  async #bringPlugins(release: ArtifactRelease): Promise<void> {
    const { host } = this.#options;
    await this.#fetch("cni-plugins", release);
    for (const program of await this.#store.programs("cni-plugins", release.version)) {
      const path = `${PATHS.cniBinFolder}/${program}`;
      if ((await host.files.status(path)) === undefined)
        await this.#store.link(path, "cni-plugins", release.version, program);
    }
  }

  async #bringOne(name: ArtifactName, release: ArtifactRelease, path: string): Promise<void> {
    await this.#fetch(name, release);
    await this.#store.link(path, name, release.version, name);
  }

  async #bringKubelet(release: ArtifactRelease, previous: string | undefined): Promise<void> {
    const { config, tell } = this.#options;
    const { version } = release;
    await this.#fetch("kubelet", release);
    if (previous !== undefined) {
      await this.#trials.begin(version, previous);
      tell(
        "Normal",
        "KubeletUpgrading",
        `kubelet ${version} takes the place of ${previous}, which comes back if the node is not Ready in 5 minutes`,
      );
    }
    await this.#store.link(config.kubelet.path, "kubelet", version, "kubelet");
    await this.#store.prune("kubelet", [version, previous]);
  }

  async #fetch(name: ArtifactName, release: ArtifactRelease): Promise<void> {
    this.#toldBytes = 0;
    await this.#store.fetch(name, release);
    this.figures.bytes += this.#toldBytes;
    this.figures.installed += 1;
  }

  #showProgress(name: ArtifactName, bytes: number): void {
    const isStep = Math.floor(bytes / PROGRESS_STEP_BYTES) > Math.floor(this.#toldBytes / PROGRESS_STEP_BYTES);
    const isFirst = this.#toldBytes === 0;
    this.#toldBytes = bytes;
    if (!isStep && !isFirst) return;
    const message = `${name}: ${Math.round(bytes / 2 ** 20)} MiB so far`;
    this.#options.board.set("ArtifactsInstalled", { status: "Unknown", reason: "Downloading", message });
  }

  async #judgeTrial(): Promise<void> {
    const { config, sight, tell, onChange, log } = this.#options;
    const trial = this.#trials.current;
    if (trial === undefined) return;
    const verdict = this.#trials.judge(sight());
    if (verdict === "undecided") {
      // A power cut may have come between the beginning and the link.
      await this.#store.link(config.kubelet.path, "kubelet", trial.version, "kubelet");
      return;
    }
    if (verdict === "passed") {
      await this.#trials.end(true);
      tell("Normal", "KubeletUpgraded", `the node is Ready with kubelet ${trial.version}; ${trial.previous} is kept`);
      return this.#report();
    }
    // First the programs: a power cut between the two leaves a trial that fails once more.
    await this.#store.link(config.kubelet.path, "kubelet", trial.previous, "kubelet");
    await this.#trials.end(false);
    const words = `kubelet ${trial.version} did not make the node Ready and was taken back; ${trial.previous} runs again`;
    log.error({ version: trial.version, previous: trial.previous }, words);
    tell("Warning", "KubeletRolledBack", words);
    onChange();
    this.#report();
  }

  #report(): void {
    const { board } = this.#options;
    const rejected = this.#trials.rejected.at(-1);
    if (rejected !== undefined) board.setFailed("ArtifactsInstalled", rolledBack(rejected));
    else
      board.setTrue(
        "ArtifactsInstalled",
        "Installed",
        `what EKS brings is there; downloads are in ${ARTIFACTS_FOLDER}`,
      );
  }

  #fail(error: unknown): void {
    const { host, board } = this.#options;
    this.figures.failed += 1;
    this.#notBeforeMs = host.clock.now() + Math.max(FIRST_RETRY_MS, this.#retry.next(0));
    board.setFailed("ArtifactsInstalled", error);
  }
}

/** For another of these, patches are looked for at once. */
function lookKey({ clusterVersion, config }: KubeletSituation): string {
  return `${clusterVersion} ${config.version}`;
}

// What a mirror has for this machine, for `plan` and `check`. Nothing is written.
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import {
  type ArtifactRelease,
  defaultManifestUrl,
  findRelease,
  goArchitecture,
  MAX_CHECKSUM_BYTES,
  MAX_MANIFEST_BYTES,
  parseChecksum,
  parseManifest,
  type VersionSpec,
} from "./artifact-manifest.ts";
import { readText, releaseAt } from "./artifact-store.ts";
import type { KubeletSituation } from "./kubelet-choice.ts";

export interface Offer {
  readonly manifestUrl: string;
  /** Minor versions of Kubernetes that the mirror has. */
  readonly versions: readonly string[];
  /** The release of the wanted version. */
  readonly release: ArtifactRelease | undefined;
}

/** Reads the manifest and kubelet's checksum. @throws artifact-unreachable, manifest-invalid, release-unknown, checksum-unreadable */
export async function readOffer(
  host: Host,
  { artifacts, cluster }: Pick<Config, "artifacts" | "cluster">,
  wanted: VersionSpec | undefined,
): Promise<Offer> {
  const manifestUrl = artifacts.manifestUrl ?? defaultManifestUrl(cluster.region);
  const manifest = parseManifest(await readText(host, manifestUrl, MAX_MANIFEST_BYTES), manifestUrl);
  const versions = manifest.supported_eks_releases.map(({ major_minor_version: version }) => version);
  if (wanted === undefined) return { manifestUrl, versions, release: undefined };
  const architecture = goArchitecture((await host.systemInformation()).architecture);
  const release = findRelease(manifest, wanted, architecture, manifestUrl);
  const checksumUrl = release.sources.kubelet?.checksumUrl;
  if (checksumUrl !== undefined) parseChecksum(await readText(host, checksumUrl, MAX_CHECKSUM_BYTES), checksumUrl);
  return { manifestUrl, versions, release };
}

/** Reads which kubelet is installed. Only the daemon knows whether the node is Ready. @throws file-unreadable */
export async function readKubeletSituation(
  host: Host,
  config: Config["kubelet"],
  clusterVersion: string | undefined,
): Promise<KubeletSituation> {
  const isThere = (await host.files.status(config.path)) !== undefined;
  const installed = isThere ? await releaseAt(host, config.path, "kubelet") : undefined;
  const owner = !isThere ? "none" : installed === undefined ? "foreign" : "agent";
  return { config, owner, installed, clusterVersion, isNodeReady: true };
}

// What is missing of what EKS brings, and how kubelet's version stands to the cluster's, with what is told of both.
import { type Report, reportOf } from "../conditions.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { ReleaseWish } from "../facts/artifact-manifest.ts";
import { checkVersionSkew } from "../facts/obstacles.ts";
import type { Host } from "../host/host.ts";
import { PATHS } from "../plan/paths.ts";
import { describeSkew, type KubeletSituation } from "./kubelet-choice.ts";

/** What is to be fetched. */
export interface ArtifactNeeds {
  readonly kubelet: ReleaseWish | undefined;
  readonly needsProvider: boolean;
  readonly needsPlugins: boolean;
  /** Where aws_signing_helper is missing; without it there are no keys, and so nothing is known of the cluster either. */
  readonly helper: string | undefined;
}

/** The plugin without which containerd's CRI makes no pod. */
const FIRST_PLUGIN = "loopback";

/** Looks for what is not there; of kubelet it is known already. @throws file-unreadable */
export async function readNeeds(
  host: Host,
  { credentials, imageCredentialProvider }: Config,
  kubelet: ReleaseWish | undefined,
): Promise<ArtifactNeeds> {
  const isMissing = async (path: string) => (await host.files.status(path)) === undefined;
  const helper = credentials.rolesAnywhere?.helper;
  const [needsProvider, needsPlugins, needsHelper] = await Promise.all([
    isMissing(imageCredentialProvider.path),
    isMissing(`${PATHS.cniBinFolder}/${FIRST_PLUGIN}`),
    helper !== undefined && isMissing(helper),
  ]);
  return { kubelet, needsProvider, needsPlugins, helper: needsHelper ? helper : undefined };
}

export function hasNeeds({ helper, kubelet, needsProvider, needsPlugins }: ArtifactNeeds): boolean {
  return helper !== undefined || kubelet !== undefined || needsProvider || needsPlugins;
}

/** What is missing, for a person who is to install it. */
export function artifactsMissing(
  { kubelet, imageCredentialProvider }: Pick<Config, "kubelet" | "imageCredentialProvider">,
  needs: ArtifactNeeds,
): SatelliteError {
  const missing = [
    ...(needs.helper === undefined ? [] : [`aws_signing_helper (${needs.helper})`]),
    ...(needs.kubelet === undefined ? [] : [`kubelet (${kubelet.path})`]),
    ...(needs.needsProvider ? [`ecr-credential-provider (${imageCredentialProvider.path})`] : []),
    ...(needs.needsPlugins ? [`CNI plugins (${PATHS.cniBinFolder})`] : []),
  ];
  return new SatelliteError("artifacts-missing", `missing: ${missing.join(", ")}`, {
    hint: "Install them there, or set artifacts.install: auto.",
  });
}

/** The condition KubeletSupported for the kubelet that is installed. */
export function reportSkew({ owner, config, clusterVersion }: KubeletSituation, version: string): Report | undefined {
  if (clusterVersion === undefined) return undefined;
  try {
    checkVersionSkew(version, clusterVersion);
  } catch (error) {
    const report: Report = { ...reportOf(error), status: "False" };
    return owner === "agent" && config.upgrade === "manual"
      ? { ...report, hint: `kubelet.upgrade: auto, or kubelet.version: a version of ${clusterVersion}.` }
      : report;
  }
  const skew = describeSkew(version, clusterVersion);
  return skew === undefined
    ? { status: "True", reason: "Current", message: `kubelet ${version} is of the cluster's version` }
    : { status: "True", reason: "Older", message: skew };
}

/** What stays to be said of a kubelet that was taken back. */
export function rolledBack(version: string): SatelliteError {
  return new SatelliteError(
    "kubelet-rolled-back",
    `kubelet ${version} was tried, did not make the node Ready, and was taken back`,
    {
      hint: "journalctl -u eks-satellite --grep kubelet tells why. It is tried again when a newer version is there, or kubelet's part of the configuration changes.",
    },
  );
}

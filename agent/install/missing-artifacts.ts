// What is missing of what EKS brings, and how kubelet's version stands to the cluster's: what is told of both. Pure.
import { type Report, reportOf } from "../board/conditions.ts";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { checkVersionSkew } from "../facts/preflight.ts";
import type { VersionSpec } from "./artifact-manifest.ts";
import { describeSkew, type KubeletSituation } from "./kubelet-choice.ts";

/** What stands beside kubelet: nothing, a download of another release than kubelet's, or what is to stay as it is. */
export type NodeBinaryState = "missing" | "other-release" | "fine";

/** What is to be fetched. */
export interface ArtifactNeeds {
  readonly kubelet: VersionSpec | undefined;
  readonly provider: NodeBinaryState;
  readonly plugins: NodeBinaryState;
  /** Where aws_signing_helper is missing; without it there are no keys, and so nothing is known of the cluster either. */
  readonly helper: string | undefined;
}

export function hasNeeds({ helper, kubelet, provider, plugins }: ArtifactNeeds): boolean {
  return helper !== undefined || kubelet !== undefined || provider !== "fine" || plugins !== "fine";
}

/** What a companion needs. @param own release of the download that is in use, undefined when it is somebody's */
export function stateOfNodeBinary(
  isThere: boolean,
  own: string | undefined,
  kubelet: KubeletSituation,
): NodeBinaryState {
  if (!isThere) return "missing";
  const isOther = own !== undefined && kubelet.owner === "agent" && kubelet.installed !== own;
  return isOther ? "other-release" : "fine";
}

/** What is missing, for a person who is to install it; undefined when nothing is. */
export function artifactsMissing(
  { kubelet, imageCredentialProvider }: Pick<Config, "kubelet" | "imageCredentialProvider">,
  needs: ArtifactNeeds,
  { owner }: KubeletSituation,
): SatelliteError | undefined {
  const missing = [
    ...(needs.helper === undefined ? [] : [`aws_signing_helper (${needs.helper})`]),
    ...(owner === "nobody" ? [`kubelet (${kubelet.path})`] : []),
    ...(needs.provider === "missing" ? [`ecr-credential-provider (${imageCredentialProvider.path})`] : []),
    ...(needs.plugins === "missing" ? [`CNI plugins (${PATHS.cniBinFolder})`] : []),
  ];
  if (missing.length === 0) return undefined;
  return new SatelliteError("artifacts-missing", `missing: ${missing.join(", ")}`, {
    hint: "Install them there, or set artifacts.install: auto.",
  });
}

/** The condition KubeletSupported for the kubelet that is installed. */
export function reportSkew(situation: KubeletSituation, version: string): Report | undefined {
  const { clusterVersion } = situation;
  if (clusterVersion === undefined) return undefined;
  try {
    checkVersionSkew(version, clusterVersion);
  } catch (error) {
    return { ...reportOf(error), status: "False", hint: remedyForSkew(situation, clusterVersion) };
  }
  const skew = describeSkew(version, clusterVersion);
  return skew === undefined
    ? { status: "True", reason: "Current", message: `kubelet ${version} is of the cluster's version` }
    : { status: "True", reason: "Older", message: skew };
}

function remedyForSkew({ owner, config }: KubeletSituation, clusterVersion: string): string {
  if (owner !== "agent")
    return `Install one of ${clusterVersion} as that one was installed, or let kubelet.path name a path where nothing is, such as /usr/local/bin/kubelet: one is downloaded there.`;
  if (config.version !== undefined) return `Set kubelet.version to a version of ${clusterVersion}, or leave it out.`;
  if (config.upgrade === "manual") return `kubelet.upgrade: auto, or kubelet.version: a version of ${clusterVersion}.`;
  return "It is upgraded by itself; ArtifactsInstalled says how that goes.";
}

/** What is said while a kubelet has to prove itself. */
export function onTrial({ version, previous }: { readonly version: string; readonly previous: string }): Report {
  return {
    status: "Unknown",
    reason: "KubeletOnTrial",
    message: `kubelet ${version} has taken the place of ${previous}, and has to make the node Ready`,
  };
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

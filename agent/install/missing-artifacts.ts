// Which artifacts of EKS are missing, and how kubelet's version relates to the cluster's, as conditions and errors. Pure.
import { type Report, reportOf } from "../board/conditions.ts";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { checkVersionSkew } from "../facts/preflight.ts";
import type { VersionSpec } from "./artifact-manifest.ts";
import { describeSkew, type KubeletSituation } from "./kubelet-choice.ts";

/** A node binary beside kubelet: missing, a download of another release than kubelet's, or fine as it is. */
export type NodeBinaryState = "missing" | "other-release" | "fine";

/** What has to be downloaded. */
export interface ArtifactNeeds {
  readonly kubelet: VersionSpec | undefined;
  readonly provider: NodeBinaryState;
  readonly plugins: NodeBinaryState;
  /** Path at which aws_signing_helper is missing. Without it there are no keys, and without keys the cluster is unknown. */
  readonly helper: string | undefined;
}

/** Whether anything has to be downloaded. */
export function hasNeeds({ helper, kubelet, provider, plugins }: ArtifactNeeds): boolean {
  return helper !== undefined || kubelet !== undefined || provider !== "fine" || plugins !== "fine";
}

/** Compares a node binary with kubelet. @param own release of the download in use, undefined for a foreign program */
export function stateOfNodeBinary(
  isThere: boolean,
  own: string | undefined,
  kubelet: KubeletSituation,
): NodeBinaryState {
  if (!isThere) return "missing";
  const isOther = own !== undefined && kubelet.owner === "agent" && kubelet.installed !== own;
  return isOther ? "other-release" : "fine";
}

/** The error that lists what the user has to install; undefined when nothing is missing. */
export function artifactsMissing(
  { kubelet, imageCredentialProvider }: Pick<Config, "kubelet" | "imageCredentialProvider">,
  needs: ArtifactNeeds,
  { owner }: KubeletSituation,
): SatelliteError | undefined {
  const missing = [
    ...(needs.helper === undefined ? [] : [`aws_signing_helper (${needs.helper})`]),
    ...(owner === "none" ? [`kubelet (${kubelet.path})`] : []),
    ...(needs.provider === "missing" ? [`ecr-credential-provider (${imageCredentialProvider.path})`] : []),
    ...(needs.plugins === "missing" ? [`CNI plugins (${PATHS.cniBinFolder})`] : []),
  ];
  if (missing.length === 0) return undefined;
  return new SatelliteError("artifacts-missing", `missing: ${missing.join(", ")}`, {
    hint: "Install them there, or set artifacts.install: auto.",
  });
}

/** Renders the condition KubeletSupported of the installed kubelet. */
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
    ? { status: "True", reason: "Current", message: `kubelet ${version} has the cluster's version` }
    : { status: "True", reason: "Older", message: skew };
}

function remedyForSkew({ owner, config }: KubeletSituation, clusterVersion: string): string {
  if (owner !== "agent")
    return `Install kubelet ${clusterVersion} the way the present one was installed, or set kubelet.path to a free path such as /usr/local/bin/kubelet: the daemon downloads one there.`;
  if (config.version !== undefined) return `Set kubelet.version to a version of ${clusterVersion}, or leave it out.`;
  if (config.upgrade === "manual") return `kubelet.upgrade: auto, or kubelet.version: a version of ${clusterVersion}.`;
  return "The daemon upgrades it; ArtifactsInstalled shows the progress.";
}

/** Renders ArtifactsInstalled during a trial. */
export function onTrial({ version, previous }: { readonly version: string; readonly previous: string }): Report {
  return {
    status: "Unknown",
    reason: "KubeletOnTrial",
    message: `kubelet ${version} replaces ${previous}, and has to make the node Ready`,
  };
}

/** The error for a kubelet that was rolled back. */
export function rolledBack(version: string): SatelliteError {
  return new SatelliteError(
    "kubelet-rolled-back",
    `kubelet ${version} was tried, did not make the node Ready, and was rolled back`,
    {
      hint: "journalctl -u eks-satellite --grep kubelet shows why. The next try follows a newer version, or a change of kubelet's part of the configuration.",
    },
  );
}

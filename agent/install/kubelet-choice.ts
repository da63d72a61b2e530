// Which version of kubelet this machine should have. Pure.
import { gt, parse } from "semver";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { isSupported, supportedRange } from "../facts/preflight.ts";
import type { VersionSpec } from "./artifact-manifest.ts";

export interface KubeletSituation {
  readonly config: Config["kubelet"];
  /** Who installed the program at kubelet.path: none is there, the agent linked it, or it is a foreign file. */
  readonly owner: "none" | "agent" | "foreign";
  /** E.g. `1.33.13`; undefined when none is installed. */
  readonly installed: string | undefined;
  /** E.g. `1.34`; undefined until the cluster is known. */
  readonly clusterVersion: string | undefined;
  readonly isNodeReady: boolean;
}

/** Chooses the version to find in the manifest; undefined when the installed kubelet stays. */
export function kubeletVersionSpec({
  config,
  owner,
  installed,
  clusterVersion,
  isNodeReady,
}: KubeletSituation): VersionSpec | undefined {
  if (owner === "foreign" || clusterVersion === undefined) return undefined;
  if (config.version !== undefined) return config.version === installed ? undefined : { version: config.version };
  if (owner === "none") return { minor: clusterVersion };
  if (config.upgrade !== "auto") return undefined;
  // A node that is not Ready before the upgrade would make the new kubelet fail its trial. An unsupported kubelet has nothing to lose.
  const isWorthATry = isNodeReady || installed === undefined || !isSupported(installed, clusterVersion);
  return isWorthATry ? { minor: clusterVersion } : undefined;
}

/** Says why the configured version does not fit the cluster; undefined when it fits. */
export function refuseSpec(wanted: VersionSpec | undefined, clusterVersion: string): SatelliteError | undefined {
  if (wanted === undefined || !("version" in wanted) || isSupported(wanted.version, clusterVersion)) return undefined;
  return new SatelliteError(
    "version-skew",
    `kubelet.version ${wanted.version} does not fit a cluster of version ${clusterVersion}; the running kubelet stays`,
    { hint: `Set kubelet.version to one between ${supportedRange(clusterVersion)}, or leave it out.` },
  );
}

/** Whether the found version replaces the installed one. An older one does so only when the configuration names it. */
export function isWanted(found: string, installed: string | undefined, wanted: VersionSpec): boolean {
  if (installed === undefined) return true;
  return "version" in wanted ? found !== installed : gt(found, installed);
}

/** Describes how far kubelet is behind the cluster; undefined when their minor versions are equal. */
export function describeSkew(kubelet: string, clusterVersion: string): string | undefined {
  const behind = Number(clusterVersion.split(".")[1] ?? 0) - (parse(kubelet)?.minor ?? 0);
  if (behind <= 0) return undefined;
  const words = `kubelet ${kubelet} is ${behind} minor version${behind === 1 ? "" : "s"} behind the cluster's ${clusterVersion}`;
  return behind >= 3 ? `${words}, the most that Kubernetes supports: upgrade kubelet before the cluster` : words;
}

// Which kubelet this machine should have. Pure.
import { gt, parse } from "semver";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { isSupported, supportedRange } from "../facts/preflight.ts";
import type { VersionSpec } from "./artifact-manifest.ts";

export interface KubeletSituation {
  readonly config: Config["kubelet"];
  /** Whose program is at kubelet.path: nobody's, the agent's link, or somebody else's file. */
  readonly owner: "nobody" | "agent" | "somebody";
  /** E.g. `1.33.13`; undefined when there is none. */
  readonly installed: string | undefined;
  /** E.g. `1.34`; undefined until the cluster is known. */
  readonly clusterVersion: string | undefined;
  readonly isNodeReady: boolean;
}

/** What to look for in the manifest; undefined when there is nothing to look for. */
export function kubeletVersionSpec({
  config,
  owner,
  installed,
  clusterVersion,
  isNodeReady,
}: KubeletSituation): VersionSpec | undefined {
  if (owner === "somebody" || clusterVersion === undefined) return undefined;
  if (config.version !== undefined) return config.version === installed ? undefined : { version: config.version };
  if (owner === "nobody") return { minor: clusterVersion };
  if (config.upgrade !== "auto") return undefined;
  // With a node that is not Ready before, the new kubelet would be blamed; one that does not fit any more has nothing to lose.
  const isWorthATry = isNodeReady || installed === undefined || !isSupported(installed, clusterVersion);
  return isWorthATry ? { minor: clusterVersion } : undefined;
}

/** Why a version that is named cannot be; undefined when it can. */
export function refuseSpec(wanted: VersionSpec | undefined, clusterVersion: string): SatelliteError | undefined {
  if (wanted === undefined || !("version" in wanted) || isSupported(wanted.version, clusterVersion)) return undefined;
  return new SatelliteError(
    "version-skew",
    `kubelet.version ${wanted.version} does not fit a cluster of version ${clusterVersion}; what runs stays`,
    { hint: `Set kubelet.version to one between ${supportedRange(clusterVersion)}, or leave it out.` },
  );
}

/** Whether what was found takes the place of what is there: never an older one, unless it is named. */
export function isWanted(found: string, installed: string | undefined, wanted: VersionSpec): boolean {
  if (installed === undefined) return true;
  return "version" in wanted ? found !== installed : gt(found, installed);
}

/** How kubelet's version and the cluster's stand to each other, in words; undefined when they are of one minor version. */
export function describeSkew(kubelet: string, clusterVersion: string): string | undefined {
  const behind = Number(clusterVersion.split(".")[1] ?? 0) - (parse(kubelet)?.minor ?? 0);
  if (behind <= 0) return undefined;
  const words = `kubelet ${kubelet} is ${behind} minor version${behind === 1 ? "" : "s"} behind the cluster's ${clusterVersion}`;
  return behind >= 3
    ? `${words}, the most that Kubernetes supports: the next upgrade of the cluster would be too much`
    : words;
}

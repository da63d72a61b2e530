// Which kubelet this machine should have. Pure.
import { gt, parse } from "semver";
import type { Config } from "../config/schema.ts";
import type { ReleaseWish } from "../facts/artifact-manifest.ts";

export interface KubeletSituation {
  readonly config: Config["kubelet"];
  /** Whose program is at kubelet.path: nobody's, the agent's link, or somebody else's file. */
  readonly owner: "nobody" | "agent" | "somebody";
  /** E.g. `1.33.13`; undefined when there is none. */
  readonly installed: string | undefined;
  /** E.g. `1.34`; undefined until the cluster is known. */
  readonly clusterVersion: string | undefined;
}

/** What to look for in the manifest; undefined when there is nothing to look for. */
export function wishForKubelet({
  config,
  owner,
  installed,
  clusterVersion,
}: KubeletSituation): ReleaseWish | undefined {
  if (owner === "somebody" || clusterVersion === undefined) return undefined;
  if (config.version !== undefined) return config.version === installed ? undefined : { version: config.version };
  return owner === "nobody" || config.upgrade === "auto" ? { minor: clusterVersion } : undefined;
}

/** Whether what was found takes the place of what is there: never an older one, unless it is named. */
export function isWanted(found: string, installed: string | undefined, wish: ReleaseWish): boolean {
  if (installed === undefined) return true;
  return "version" in wish ? found !== installed : gt(found, installed);
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

// Whether the programs that EKS publishes are installed, and whether missing ones can be downloaded: the mirror and the disk are checked.

import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import { checkRoom } from "../install/artifact-store.ts";
import { readKubeletSituation, readOffer } from "../install/available-artifacts.ts";
import { kubeletVersionSpec } from "../install/kubelet-choice.ts";
import { type Check, type Finding, failed, local, ok, pending, warn } from "./check.ts";
import type { CheckContext } from "./context.ts";

export const ARTIFACTS_CHECK: Check = local({
  name: "artifacts",
  checks: "kubelet, ecr-credential-provider and the CNI plugins are there, or can be downloaded",
  run: async (context, { artifacts, imageCredentialProvider, kubelet }) => {
    const { host, config } = context;
    const expected = [kubelet.path, imageCredentialProvider.path, `${PATHS.cniBinFolder}/loopback`];
    const missing = await findAbsent(host, expected);
    const words =
      missing.length === 0
        ? "kubelet, ecr-credential-provider and CNI plugins are installed"
        : `missing: ${missing.join(", ")}`;
    const isWanted = missing.length > 0 || kubelet.upgrade === "auto";
    if (!isWanted) return ok(words);
    if (artifacts.install === "never")
      return missing.length === 0 ? ok(words) : warn(words, "Install them, or set artifacts.install: auto.");
    if (config === undefined)
      return missing.length === 0
        ? ok(words)
        : pending(words, "eks-satellite run downloads them, from where the configuration says");
    return askMirror(context, config, { words, isMissing: missing.length > 0 });
  },
});

async function askMirror(
  { host, knownCluster }: CheckContext,
  config: Config,
  { words, isMissing }: { readonly words: string; readonly isMissing: boolean },
): Promise<Finding> {
  try {
    await checkRoom(host, "a download");
    const cluster = await knownCluster().catch(() => undefined); // The checks of the identity report that.
    const situation = await readKubeletSituation(host, config.kubelet, cluster?.version);
    const wanted = kubeletVersionSpec(situation) ?? (cluster === undefined ? undefined : { minor: cluster.version });
    const { manifestUrl, versions, release } = await readOffer(host, config, wanted);
    const offer = release === undefined ? `Kubernetes ${versions.join(", ")}` : `kubelet ${release.version}`;
    const seen = `${words}; ${manifestUrl} has ${offer}`;
    return isMissing ? pending(seen, "eks-satellite run downloads them") : ok(seen);
  } catch (error) {
    // Installed programs work without the mirror.
    return failed(error, isMissing ? "fail" : "warn");
  }
}

async function findAbsent(host: Host, paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => host.files.status(path)));
  return paths.filter((_, index) => found[index] === undefined);
}

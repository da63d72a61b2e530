// Whether what EKS brings is there, and if not, whether it can be downloaded: the manifest is asked.
import { defaultManifestUrl, parseManifest } from "../facts/artifact-manifest.ts";
import type { Host } from "../host/host.ts";
import { PATHS } from "../plan/paths.ts";
import { readText } from "../supervise/artifact-store.ts";
import { type Check, failed, local, ok, unknown, warn } from "./check.ts";

export const ARTIFACTS_CHECK: Check = local({
  name: "artifacts",
  run: async ({ host, config }, { artifacts, imageCredentialProvider, kubelet }) => {
    const expected = [kubelet.path, imageCredentialProvider.path, `${PATHS.cniBinFolder}/loopback`];
    const missing = await findAbsent(host, expected);
    if (missing.length === 0) return ok("kubelet, ecr-credential-provider and CNI plugins are there");
    const words = `missing: ${missing.join(", ")}`;
    if (artifacts.install === "never") return warn(words, "Install them, or set artifacts.install: auto.");
    const url = artifacts.manifestUrl ?? (config === undefined ? undefined : defaultManifestUrl(config.cluster.region));
    if (url === undefined) return unknown(`${words}; where to download them follows from the region`);
    try {
      const { supported_eks_releases: releases } = parseManifest(await readText(host, url), url);
      const versions = releases.map(({ major_minor_version: version }) => version).join(", ");
      return warn(`${words}; ${url} has Kubernetes ${versions}`, "eks-satellite run downloads them by itself.");
    } catch (error) {
      return failed(error);
    }
  },
});

async function findAbsent(host: Host, paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => host.files.status(path)));
  return paths.filter((_, index) => found[index] === undefined);
}

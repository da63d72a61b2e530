// What `plan` shows of the daemon's installations: packages, and the artifacts of EKS.
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import { readKubeletSituation, readOffer } from "./available-artifacts.ts";
import { isWanted, kubeletVersionSpec, refuseSpec } from "./kubelet-choice.ts";
import { findMissing } from "./packages.ts";

/** One thing that would be installed. */
export interface PlannedInstall {
  readonly resource: string;
  readonly action: "install" | "download";
  readonly why: string;
}

/** Lists what is missing, and the kubelet that would follow the cluster. Adds to `unknown` what could not be read. */
export async function planProvisioning(
  host: Host,
  config: Config,
  { clusterVersion, unknown }: { readonly clusterVersion: string | undefined; readonly unknown: unknown[] },
): Promise<readonly PlannedInstall[]> {
  const packages = config.dependencies.install === "auto" ? await findMissing(host, config) : [];
  const installs = packages.map(
    ({ package: name, why }): PlannedInstall => ({ resource: `package:${name}`, action: "install", why }),
  );
  if (config.artifacts.install === "never") return installs;
  const kubelet = await planKubelet(host, config, { clusterVersion, unknown });
  return [...installs, ...kubelet, ...(await planNodeBinaries(host, config))];
}

async function planKubelet(
  host: Host,
  config: Config,
  { clusterVersion, unknown }: { readonly clusterVersion: string | undefined; readonly unknown: unknown[] },
): Promise<readonly PlannedInstall[]> {
  const { path } = config.kubelet;
  const situation = await readKubeletSituation(host, config.kubelet, clusterVersion);
  const { installed, owner } = situation;
  const missing =
    owner === "none" ? [download(path, "the newest kubelet of the cluster's version, or kubelet.version")] : [];
  const wanted = kubeletVersionSpec(situation);
  if (wanted === undefined || clusterVersion === undefined) return missing;
  try {
    const refusal = refuseSpec(wanted, clusterVersion);
    if (refusal !== undefined) throw refusal;
    const version = (await readOffer(host, config, wanted)).release?.version;
    if (version === undefined || !isWanted(version, installed, wanted)) return missing;
    return [download(path, `kubelet ${version}${installed === undefined ? "" : ` in place of ${installed}`}`)];
  } catch (error) {
    unknown.push(error);
    return missing;
  }
}

async function planNodeBinaries(
  host: Host,
  { imageCredentialProvider, credentials }: Config,
): Promise<readonly PlannedInstall[]> {
  const helper = credentials.rolesAnywhere?.helper;
  const expected: readonly (readonly [path: string, why: string])[] = [
    ...(helper === undefined ? [] : [[helper, "keys from IAM Roles Anywhere"] as const]),
    [imageCredentialProvider.path, "pulls from ECR"],
    [`${PATHS.cniBinFolder}/loopback`, "CNI plugins, without which containerd starts no pod"],
  ];
  const found = await Promise.all(expected.map(([path]) => host.files.status(path)));
  return expected.filter((_, index) => found[index] === undefined).map(([path, why]) => download(path, why));
}

function download(path: string, why: string): PlannedInstall {
  return { resource: `artifact:${path}`, action: "download", why };
}

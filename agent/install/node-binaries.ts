// The node binaries beside kubelet: ecr-credential-provider and the CNI plugins of its release, and aws_signing_helper. Foreign files are left alone.
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { ArtifactName, ArtifactRelease } from "./artifact-manifest.ts";
import { type ArtifactStore, releaseAt } from "./artifact-store.ts";
import type { KubeletSituation } from "./kubelet-choice.ts";
import { type ArtifactNeeds, stateOfNodeBinary } from "./missing-artifacts.ts";

export interface NodeBinariesOptions {
  readonly host: Host;
  readonly config: Config;
  readonly store: ArtifactStore;
  readonly fetch: (name: ArtifactName, release: ArtifactRelease) => Promise<void>;
}

const PROVIDER = "ecr-credential-provider";
const PLUGINS = "cni-plugins";
/** Without this plugin containerd's CRI starts no pod. */
const FIRST_PLUGIN = `${PATHS.cniBinFolder}/loopback`;

/** Reads the state of the node binaries. */
export async function readNodeBinaries(
  { host, config }: NodeBinariesOptions,
  kubelet: KubeletSituation,
): Promise<Omit<ArtifactNeeds, "kubelet">> {
  const stateOf = async (name: ArtifactName, path: string) =>
    stateOfNodeBinary((await host.files.status(path)) !== undefined, await releaseAt(host, path, name), kubelet);
  const helper = config.credentials.rolesAnywhere?.helper;
  const [provider, plugins, isHelperThere] = await Promise.all([
    stateOf(PROVIDER, config.imageCredentialProvider.path),
    stateOf(PLUGINS, FIRST_PLUGIN),
    helper !== undefined && host.files.status(helper),
  ]);
  return { provider, plugins, helper: isHelperThere === undefined ? helper : undefined };
}

/** Installs what is missing, and moves earlier downloads to kubelet's release. @throws what {@link ArtifactStore} does */
export async function installNodeBinaries(
  options: NodeBinariesOptions,
  { provider, plugins }: Pick<ArtifactNeeds, "provider" | "plugins">,
  release: ArtifactRelease,
): Promise<void> {
  if (plugins !== "fine") await installPlugins(options, release);
  if (provider !== "fine")
    await installProgram(options, PROVIDER, release, options.config.imageCredentialProvider.path);
}

async function installPlugins({ host, store, fetch }: NodeBinariesOptions, release: ArtifactRelease): Promise<void> {
  await fetch(PLUGINS, release);
  const paths = (await store.programs(PLUGINS, release.version)).map((program) => `${PATHS.cniBinFolder}/${program}`);
  if (!paths.includes(FIRST_PLUGIN)) {
    throw new SatelliteError("artifact-broken", `${PLUGINS} ${release.version} has no loopback`, {
      hint: "Update the mirror, or install the CNI plugins by hand.",
    });
  }
  const previous = await releaseAt(host, FIRST_PLUGIN, PLUGINS);
  for (const path of paths) {
    const isOwn = (await releaseAt(host, path, PLUGINS)) !== undefined;
    if (isOwn || (await host.files.status(path)) === undefined)
      await store.link(path, PLUGINS, release.version, path.slice(PATHS.cniBinFolder.length + 1));
  }
  await store.prune(PLUGINS, [release.version, previous]);
}

/** Installs a single program, and keeps the previous version. @throws what {@link ArtifactStore} does */
export async function installProgram(
  { host, store, fetch }: NodeBinariesOptions,
  name: ArtifactName,
  release: ArtifactRelease,
  path: string,
): Promise<void> {
  await fetch(name, release);
  const previous = await releaseAt(host, path, name);
  await store.link(path, name, release.version, name);
  await store.prune(name, [release.version, previous]);
}

// What kubelet needs of the CRI plugin's tables, in version 2 of the file and in version 3.
import type { GpuConfig } from "../../config/gpu-schema.ts";
import { PATHS } from "../../config/paths.ts";
import type { Registries } from "../../config/registry-schema.ts";
import { mergeTables, type Table, tableAt } from "../merge.ts";
import { planConfigPath } from "../registries.ts";
import { planCniFolders } from "./cni.ts";
import { CRI_V2, CRI_V3_IMAGES, CRI_V3_RUNTIME } from "./keys.ts";
import { RUNC_RUNTIME, RUNC_TYPE } from "./runtimes.ts";

const DEFAULT_SANDBOX_IMAGE = "registry.k8s.io/pause:3.10";

export interface ContainerdOptions {
  readonly systemdCgroup: boolean;
  readonly sandboxImage: string | undefined;
  /** The user's extra tables, laid over ours. */
  readonly config: Table;
  readonly gpu: GpuConfig;
  /** Some make containerd look for their files. */
  readonly registries: Registries;
}

/** The options, containerd's version, and NVIDIA's keys as they were decided. */
export type OurOptions = ContainerdOptions & { readonly version: string; readonly nvidia: Table };

/** The keys that are ours to lay over the plugins' tables. @param found the configuration in its one form */
export function planPlugins(found: Table, options: OurOptions): Table {
  const plugins = tableAt(found, "plugins");
  return Number(found.version) >= 3 ? planV3(plugins, options) : planV2(plugins, options);
}

/** CRI's table with its runtimes, of a configuration in its one form. */
export function readCriRuntime(config: Table): Table {
  const plugins = tableAt(config, "plugins");
  if (Number(config.version) >= 3) return tableAt(plugins, CRI_V3_RUNTIME);
  return mergeTables(tableAt(plugins, "cri"), tableAt(plugins, CRI_V2));
}

function planV2(plugins: Table, options: OurOptions): Table {
  const cri = tableAt(plugins, CRI_V2);
  return {
    [CRI_V2]: {
      sandbox_image: options.sandboxImage ?? cri.sandbox_image ?? DEFAULT_SANDBOX_IMAGE,
      ...options.nvidia,
      containerd: planRuntimes(cri, options),
      ...planRegistry(cri, tableAt(options.config, "plugins", CRI_V2), options),
      cni: {
        ...planCniFolders(tableAt(cri, "cni"), { file: 2, containerd: options.version }),
        conf_dir: tableAt(cri, "cni").conf_dir ?? PATHS.cniConfigFolder,
      },
    },
  };
}

function planV3(plugins: Table, options: OurOptions): Table {
  const pinned = tableAt(plugins, CRI_V3_IMAGES, "pinned_images");
  const cni = planCniFolders(tableAt(plugins, CRI_V3_RUNTIME, "cni"), { file: 3, containerd: options.version });
  return {
    [CRI_V3_IMAGES]: {
      pinned_images: { sandbox: options.sandboxImage ?? pinned.sandbox ?? DEFAULT_SANDBOX_IMAGE },
      ...planRegistry(tableAt(plugins, CRI_V3_IMAGES), tableAt(options.config, "plugins", CRI_V3_IMAGES), options),
    },
    [CRI_V3_RUNTIME]: {
      ...options.nvidia,
      containerd: planRuntimes(tableAt(plugins, CRI_V3_RUNTIME), options),
      ...(Object.keys(cni).length === 0 ? {} : { cni }),
    },
  };
}

/** Where containerd looks for registries; the user's own tables count as what is there. */
function planRegistry(found: Table, chosen: Table, { registries, version }: OurOptions): Table {
  const there = mergeTables(tableAt(found, "registry"), tableAt(chosen, "registry"));
  const registry = planConfigPath(there, registries, version);
  return Object.keys(registry).length === 0 ? {} : { registry };
}

/** kubelet and every runtime that starts containers through runc must use the same cgroup driver. */
function planRuntimes(cri: Table, { systemdCgroup, nvidia }: OurOptions): Table {
  const found = tableAt(cri, "containerd", "runtimes");
  const ofRunc = Object.keys(found).filter((name) => tableAt(found, name).runtime_type === RUNC_TYPE);
  const names = [...new Set([RUNC_RUNTIME, ...ofRunc, ...Object.keys(tableAt(nvidia, "containerd", "runtimes"))])];
  const runtimes = names.map((name) => [name, { runtime_type: RUNC_TYPE, options: { SystemdCgroup: systemdCgroup } }]);
  return mergeTables({ runtimes: Object.fromEntries(runtimes) }, tableAt(nvidia, "containerd"));
}

// containerd's configuration: what kubelet needs, merged into what Docker, NVIDIA and the user wrote. Everything else is kept.
import { stringify } from "smol-toml";
import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import { isTable, mergeTables, type Table } from "./merge.ts";
import { renderOwnedFile } from "./owned-file.ts";
import { PATHS } from "./paths.ts";

const DEFAULT_SANDBOX_IMAGE = "registry.k8s.io/pause:3.10";
const RUNC_RUNTIME_TYPE = "io.containerd.runc.v2";

/** Where the CRI plugin's tables are, by version of the configuration file: one plugin up to 2, two since 3. */
const CRI_V2 = "io.containerd.grpc.v1.cri";
const CRI_V3_RUNTIME = "io.containerd.cri.v1.runtime";
const CRI_V3_IMAGES = "io.containerd.cri.v1.images";
/** What may stand in disabled_plugins for it; Docker's package ships `cri`. */
const CRI_NAMES = ["cri", CRI_V2, CRI_V3_RUNTIME, CRI_V3_IMAGES];

/** Version 1 named plugins by a bare word where version 2 wants a type: these are the ones that people disable. */
const V1_PLUGIN_TYPES: Readonly<Record<string, string>> = {
  aufs: "io.containerd.snapshotter.v1",
  btrfs: "io.containerd.snapshotter.v1",
  devmapper: "io.containerd.snapshotter.v1",
  native: "io.containerd.snapshotter.v1",
  overlayfs: "io.containerd.snapshotter.v1",
  zfs: "io.containerd.snapshotter.v1",
};

export interface ContainerdOptions {
  readonly systemdCgroup: boolean;
  readonly sandboxImage: string | undefined;
  /** The user's extra tables, laid over ours. */
  readonly config: Table;
}

/**
 * Renders the configuration file: the text itself when it already says everything, else the merged tables.
 * @throws containerd-config-unparsable, containerd-config-legacy
 */
export function renderContainerdConfig({ version, config }: ContainerdFacts, options: ContainerdOptions): string {
  if (config.kind === "unparsable") throw config.error;
  const found: Table = config.kind === "parsed" ? config.table : {};
  const wanted = mergeOurs(upgradeFromV1(found, version), options);
  const rendered = renderToml(wanted);
  if (config.kind === "parsed" && rendered === renderToml(found)) return config.text;
  return renderOwnedFile([
    "# Keys that eks-satellite does not need are the user's and are kept; comments of the original are in its ledger.",
    rendered,
  ]).replace("edits are put back. Change", "its own keys are put back. To add some, change");
}

/** Tables that say the same give the same text: merging keeps the order of the keys that were there. */
function renderToml(table: Table): string {
  return stringify(table, { numbersAsFloat: true }).trimEnd();
}

/** A file without a version is of version 1; it takes the newest version that this containerd writes. */
function upgradeFromV1(found: Table, containerdVersion: string): Table {
  const fileVersion = Number(found.version ?? 1);
  if (fileVersion > 1) return found;
  const { cri, ...plugins } = isTable(found.plugins) ? found.plugins : {};
  const legacy = Object.keys(plugins).filter((name) => !name.startsWith("io.containerd."));
  if (legacy.length > 0) {
    throw new SatelliteError(
      "containerd-config-legacy",
      `containerd's configuration has version 1 and configures plugins by old names: ${legacy.join(", ")}`,
      {
        hint: "Write it in version 2 (containerd config migrate); eks-satellite does not guess what these mean.",
      },
    );
  }
  const disabled = asList(found.disabled_plugins).map((name) =>
    V1_PLUGIN_TYPES[String(name)] ? `${V1_PLUGIN_TYPES[String(name)]}.${name}` : name,
  );
  return {
    ...found,
    ...(found.disabled_plugins === undefined ? {} : { disabled_plugins: disabled }),
    ...(found.plugins === undefined
      ? {}
      : { plugins: { ...plugins, ...(cri === undefined ? {} : { [CRI_V2]: cri }) } }),
    // With tables of the old plugin, version 2 is what containerd 2 can migrate by itself.
    version: Number.parseInt(containerdVersion, 10) >= 2 && cri === undefined ? 3n : 2n,
  };
}

function mergeOurs(found: Table, options: ContainerdOptions): Table {
  const plugins = isTable(found.plugins) ? found.plugins : {};
  const ours = Number(found.version) >= 3 ? planV3(plugins, options) : planV2(plugins, options);
  const disabled = asList(found.disabled_plugins).filter((name) => !CRI_NAMES.includes(String(name)));
  return mergeTables(
    mergeTables(
      { ...found, ...(found.disabled_plugins === undefined ? {} : { disabled_plugins: disabled }) },
      { plugins: ours },
    ),
    withWholeNumbers(options.config),
  );
}

function planV2(plugins: Table, options: ContainerdOptions): Table {
  const cri = tableAt(plugins, CRI_V2);
  return {
    [CRI_V2]: {
      sandbox_image: options.sandboxImage ?? cri.sandbox_image ?? DEFAULT_SANDBOX_IMAGE,
      containerd: planRuntimes(cri, options),
      // Debian's build has another default; kubelet's plugins are where EKS and upstream put them.
      cni: { bin_dir: PATHS.cniBinFolder, conf_dir: PATHS.cniConfigFolder, ...tableAt(cri, "cni") },
    },
  };
}

function planV3(plugins: Table, options: ContainerdOptions): Table {
  const pinned = tableAt(plugins, CRI_V3_IMAGES, "pinned_images");
  return {
    [CRI_V3_IMAGES]: { pinned_images: { sandbox: options.sandboxImage ?? pinned.sandbox ?? DEFAULT_SANDBOX_IMAGE } },
    [CRI_V3_RUNTIME]: { containerd: planRuntimes(tableAt(plugins, CRI_V3_RUNTIME), options) },
  };
}

/** kubelet and every runtime that starts containers through runc must use the same cgroup driver. */
function planRuntimes(cri: Table, { systemdCgroup }: ContainerdOptions): Table {
  const found = tableAt(cri, "containerd", "runtimes");
  const ofRunc = Object.keys(found).filter((name) => tableAt(found, name).runtime_type === RUNC_RUNTIME_TYPE);
  const names = [...new Set(["runc", ...ofRunc])];
  return {
    runtimes: Object.fromEntries(
      names.map((name) => [name, { runtime_type: RUNC_RUNTIME_TYPE, options: { SystemdCgroup: systemdCgroup } }]),
    ),
  };
}

function tableAt(table: Table, ...path: readonly string[]): Table {
  return path.reduce((here, key) => {
    const next = here[key];
    return isTable(next) ? next : {};
  }, table);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** YAML's whole numbers are TOML integers; smol-toml writes a plain number as a float. */
function withWholeNumbers(value: Table): Table {
  const convert = (part: unknown): unknown => {
    if (typeof part === "number" && Number.isInteger(part)) return BigInt(part);
    if (Array.isArray(part)) return part.map(convert);
    return isTable(part) ? withWholeNumbers(part) : part;
  };
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, convert(part)]));
}

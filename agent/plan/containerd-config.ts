// containerd's configuration: what kubelet needs, merged into what Docker, NVIDIA and the user wrote. Everything else is kept.
import { stringify } from "smol-toml";
import type { GpuConfig } from "../config/gpu-schema.ts";
import { PATHS } from "../config/paths.ts";
import type { Registries } from "../config/registry-schema.ts";
import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts, ImportedConfig } from "../facts/containerd.ts";
import { listDifferences } from "./containerd-drift.ts";
import { type NvidiaSetup, planNvidia, readNvidiaSetup } from "./containerd-nvidia.ts";
import { isTable, mergeTables, type Table, tableAt } from "./merge.ts";
import { renderOwnedFile } from "./owned-file.ts";
import { planConfigPath } from "./registries.ts";

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
  readonly gpu: GpuConfig;
  /** Some make containerd look for their files. */
  readonly registries: Registries;
}

/**
 * Renders the configuration file: the text itself when it already says everything, else the merged tables.
 * @throws containerd-config-unparsable, containerd-config-legacy
 */
export function renderContainerdConfig(facts: ContainerdFacts, options: ContainerdOptions): string {
  const { version, config } = facts;
  if (config.kind === "unparsable") throw config.error;
  const found: Table = config.kind === "parsed" ? config.table : {};
  const base = upgradeFromV1(found, version);
  const wanted = mergeOurs(base, { ...options, version, nvidia: planNvidiaOver(base, facts, options) });
  const rendered = renderToml(wanted);
  if (config.kind === "parsed" && rendered === renderToml(found)) return config.text;
  return renderOwnedFile([
    "# Keys that eks-satellite does not need are the user's and are kept; comments of the original are in its ledger.",
    rendered,
  ]).replace("edits are put back. Change", "its own keys are put back. To add some, change");
}

/**
 * Whether containerd makes of the file what was written into it, or will be: up to 1.7 a drop-in replaces the whole table of a plugin.
 * @throws containerd-config-shadowed
 */
export function checkEffective(facts: ContainerdFacts, options: ContainerdOptions): void {
  const { version, config, imports = [] } = facts;
  if (config.kind !== "parsed") return;
  const isWritten = renderContainerdConfig(facts, options) === config.text;
  const effective = isWritten ? facts.effective : predictEffective(facts);
  if (effective === undefined) return;
  const nvidia = planNvidiaOver(config.table, facts, options);
  const plugins = tableAt(effective, "plugins");
  const chosen = tableAt(options.config, "plugins");
  const shadowed = listDifferences(planPlugins(effective, { ...options, version, nvidia }), plugins, chosen, "plugins");
  if (shadowed.length === 0) return;
  throw new SatelliteError(
    "containerd-config-shadowed",
    `what containerd's configuration imports (${imports.map(({ path }) => path).join(", ")}) hides keys of the main file: ${shadowed.join("; ")}`,
    {
      hint: "Write these keys into the drop-in too; or remove it, if it only defines NVIDIA's runtime: eks-satellite then does. containerd config dump shows the whole.",
    },
  );
}

/**
 * CRI's table as it will be, when a drop-in is known to replace the main file's. containerd 1 then knows no other runtime than the
 * drop-in's, and without runc does not load CRI at all: that must be reported before the file is written, since the file is restored then.
 */
function predictEffective({ version, imports = [] }: ContainerdFacts): Table | undefined {
  if (Number.parseInt(version, 10) >= 2) return undefined;
  const last = imports.findLast(({ table }) => isTable(tableAt(table, "plugins")[CRI_V2]));
  return last === undefined
    ? undefined
    : { version: 2n, plugins: { [CRI_V2]: tableAt(last.table, "plugins", CRI_V2) } };
}

function planNvidiaOver(
  base: Table,
  { version, imports = [], effective, nvidia }: ContainerdFacts,
  { gpu }: ContainerdOptions,
) {
  return planNvidia(overlayImports(base, imports), {
    ...{ gpu, toolkit: nvidia, containerdVersion: version },
    inForce: effective === undefined ? undefined : readNvidiaSetup(readCriRuntime(effective)),
  });
}

/** How runtime `nvidia` is set up: in containerd's own words where it was asked, else by the files. */
export function readSetup({ config, imports = [], effective }: ContainerdFacts): NvidiaSetup {
  const files = overlayImports(config.kind === "parsed" ? config.table : {}, imports);
  return readNvidiaSetup(effective === undefined ? files : readCriRuntime(effective));
}

/** What others chose counts wherever they wrote it. */
function overlayImports(base: Table, imports: readonly ImportedConfig[]): Table {
  return imports.reduce((cri, { table }) => mergeTables(cri, readCriRuntime(table)), readCriRuntime(base));
}

function readCriRuntime(config: Table): Table {
  return tableAt(config, "plugins", Number(config.version) >= 3 ? CRI_V3_RUNTIME : CRI_V2);
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

/** The options, containerd's version, and NVIDIA's keys as they were decided. */
type OurOptions = ContainerdOptions & { readonly version: string; readonly nvidia: Table };

function planPlugins(found: Table, options: OurOptions): Table {
  const plugins = tableAt(found, "plugins");
  return Number(found.version) >= 3 ? planV3(plugins, options) : planV2(plugins, options);
}

function mergeOurs(found: Table, options: OurOptions): Table {
  const disabled = asList(found.disabled_plugins).filter((name) => !CRI_NAMES.includes(String(name)));
  return mergeTables(
    mergeTables(
      { ...found, ...(found.disabled_plugins === undefined ? {} : { disabled_plugins: disabled }) },
      { plugins: planPlugins(found, options) },
    ),
    withWholeNumbers(options.config),
  );
}

function planV2(plugins: Table, options: OurOptions): Table {
  const cri = tableAt(plugins, CRI_V2);
  return {
    [CRI_V2]: {
      sandbox_image: options.sandboxImage ?? cri.sandbox_image ?? DEFAULT_SANDBOX_IMAGE,
      ...options.nvidia,
      containerd: planRuntimes(cri, options),
      ...planRegistry(cri, tableAt(options.config, "plugins", CRI_V2), options),
      // Debian's build has another default; kubelet's plugins are where EKS and upstream put them.
      cni: { bin_dir: PATHS.cniBinFolder, conf_dir: PATHS.cniConfigFolder, ...tableAt(cri, "cni") },
    },
  };
}

function planV3(plugins: Table, options: OurOptions): Table {
  const pinned = tableAt(plugins, CRI_V3_IMAGES, "pinned_images");
  return {
    [CRI_V3_IMAGES]: {
      pinned_images: { sandbox: options.sandboxImage ?? pinned.sandbox ?? DEFAULT_SANDBOX_IMAGE },
      ...planRegistry(tableAt(plugins, CRI_V3_IMAGES), tableAt(options.config, "plugins", CRI_V3_IMAGES), options),
    },
    [CRI_V3_RUNTIME]: { ...options.nvidia, containerd: planRuntimes(tableAt(plugins, CRI_V3_RUNTIME), options) },
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
  const ofRunc = Object.keys(found).filter((name) => tableAt(found, name).runtime_type === RUNC_RUNTIME_TYPE);
  const names = [...new Set(["runc", ...ofRunc, ...Object.keys(tableAt(nvidia, "containerd", "runtimes"))])];
  const runtimes = names.map((name) => [
    name,
    { runtime_type: RUNC_RUNTIME_TYPE, options: { SystemdCgroup: systemdCgroup } },
  ]);
  return mergeTables({ runtimes: Object.fromEntries(runtimes) }, tableAt(nvidia, "containerd"));
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

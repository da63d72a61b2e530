// containerd's configuration: what kubelet needs, merged into what Docker, NVIDIA and the user wrote. Everything else is kept.
import { stringify } from "smol-toml";
import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import { listCniFolders } from "./containerd/cni.ts";
import { type ContainerdOptions, type OurOptions, planPlugins, readCriRuntime } from "./containerd/cri-plugins.ts";
import { CRI_V2, CRI_V3_IMAGES, CRI_V3_RUNTIME, hasDoubledKeys, unifyKeys } from "./containerd/keys.ts";
import { RUNC_RUNTIME, RUNC_TYPE, unifyRuntimes } from "./containerd/runtimes.ts";
import { upgradeFromV1 } from "./containerd/version-1.ts";
import { listDifferences } from "./containerd-drift.ts";
import { type NvidiaSetup, planNvidia, readNvidiaSetup } from "./containerd-nvidia.ts";
import { isTable, mergeTables, type Table, tableAt } from "./merge.ts";
import { renderOwnedFile } from "./owned-file.ts";

export type { ContainerdOptions };

/** What may stand in disabled_plugins for the CRI plugin; Docker's package ships `cri`. */
const CRI_NAMES = ["cri", CRI_V2, CRI_V3_RUNTIME, CRI_V3_IMAGES];
const CRI_NAMES_OF_1 = ["cri", CRI_V2];

/**
 * Renders the configuration file: the text itself when it already says everything, else the merged tables.
 * @throws containerd-config-unparsable, containerd-config-legacy, containerd-import-disables-cri
 */
export function renderContainerdConfig(facts: ContainerdFacts, options: ContainerdOptions): string {
  const { version, config } = facts;
  if (config.kind === "unparsable") throw config.error;
  checkImports(facts);
  const found: Table = config.kind === "parsed" ? unifyKeys(config.table, version) : {};
  const base = unifyTables(upgradeFromV1(found, version), version);
  const wanted = unifyKeys(mergeOurs(base, ourOptions(facts, base, options)), version);
  const rendered = renderToml(wanted);
  if (config.kind === "parsed" && rendered === renderToml(found) && !hasDoubledKeys(config.table)) return config.text;
  return renderOwnedFile([
    "# Keys that eks-satellite does not need are the user's and are kept; comments of the original are in its ledger.",
    rendered,
  ]).replace("edits are put back. Change", "its own keys are put back. To add some, change");
}

/** containerd appends the lists of its files: what one of them disables, no other can enable. */
function checkImports({ version, imports = [] }: ContainerdFacts): void {
  const names = majorOf(version) >= 2 ? CRI_NAMES : CRI_NAMES_OF_1;
  for (const { path, table } of imports) {
    const found = asList(unifyKeys(table, version).disabled_plugins).filter((name) => names.includes(String(name)));
    if (found.length === 0) continue;
    throw new SatelliteError(
      "containerd-import-disables-cri",
      `${path} disables CRI: its disabled_plugins has ${found.join(", ")}`,
      {
        hint: `Remove ${found.join(", ")} from disabled_plugins in ${path}: containerd adds the lists of all its files, so the main file cannot undo it.`,
      },
    );
  }
}

/**
 * Whether containerd makes of the file what was written into it, or will be: up to 1.7 a drop-in replaces the whole table of a plugin.
 * @throws containerd-config-shadowed
 */
export function checkEffective(facts: ContainerdFacts, options: ContainerdOptions): void {
  const { version, config, imports = [] } = facts;
  if (config.kind !== "parsed") return;
  const isWritten = renderContainerdConfig(facts, options) === config.text;
  const found = isWritten ? facts.effective : predictEffective(facts);
  if (found === undefined) return;
  const effective = unifyTables(unifyKeys(found, version), version);
  const ours = ourOptions(facts, unifyTables(unifyKeys(config.table, version), version), options);
  const plugins = tableAt(effective, "plugins");
  const shadowed = listDifferences(planPlugins(effective, ours), plugins, tableAt(ours.config, "plugins"), "plugins");
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
  if (majorOf(version) >= 2) return undefined;
  const tables = imports.map(({ table }) => unifyKeys(table, version));
  const last = tables.findLast((table) => isTable(tableAt(table, "plugins")[CRI_V2]));
  return last === undefined ? undefined : { version: 2n, plugins: { [CRI_V2]: tableAt(last, "plugins", CRI_V2) } };
}

/** The folders in which containerd looks for CNI plugins. */
export function readCniFolders(facts: ContainerdFacts): readonly string[] {
  const { version, config, effective } = facts;
  const found = effective ?? (config.kind === "parsed" ? config.table : {});
  return listCniFolders(tableAt(readRuntimes(facts), "cni"), { file: Number(found.version ?? 1), containerd: version });
}

/** How runtime `nvidia` is set up: in containerd's own words where it was asked, else by the files. */
export function readSetup(facts: ContainerdFacts): NvidiaSetup {
  return readNvidiaSetup(readRuntimes(facts));
}

/** Names of runtimes that start containers with another cgroup driver than this one. */
export function findOtherDrivers(facts: ContainerdFacts, isSystemd: boolean): readonly string[] {
  const { runtimes = {} } = tableAt(readRuntimes(facts), "containerd");
  if (!isTable(runtimes)) return [RUNC_RUNTIME];
  const ofRunc = Object.keys(runtimes).filter((name) => tableAt(runtimes, name).runtime_type === RUNC_TYPE);
  // containerd has a runc of its own, on cgroupfs; up to 1.7 any other runtime in the file takes its place.
  const hasOwn = majorOf(facts.version) >= 2 || Object.keys(runtimes).length === 0;
  const names = [...new Set([...(hasOwn ? [RUNC_RUNTIME] : []), ...ofRunc])];
  return names.filter((name) => (tableAt(runtimes, name, "options").SystemdCgroup === true) !== isSystemd);
}

/** CRI's runtime table, in containerd's own words where it was asked. */
function readRuntimes({ version, config, imports = [], effective }: ContainerdFacts): Table {
  const main = effective ?? (config.kind === "parsed" ? config.table : {});
  return overlayImports(
    unifyTables(unifyKeys(main, version), version),
    effective === undefined ? imports : [],
    version,
  );
}

/** What others chose counts wherever they wrote it. */
function overlayImports(base: Table, imports: ContainerdFacts["imports"], version: string): Table {
  return (imports ?? []).reduce(
    (cri, { table }) => mergeTables(cri, readCriRuntime(unifyTables(unifyKeys(table, version), version))),
    readCriRuntime(base),
  );
}

/** Every CRI plugin's runtimes in one form. */
function unifyTables(config: Table, version: string): Table {
  const { plugins } = config;
  if (!isTable(plugins)) return config;
  const unified = ["cri", CRI_V2, CRI_V3_RUNTIME].flatMap((name) => {
    const cri = plugins[name];
    return isTable(cri) ? [[name, unifyRuntimes(cri, version)] as const] : [];
  });
  return { ...config, plugins: { ...plugins, ...Object.fromEntries(unified) } };
}

/** Tables that say the same give the same text: merging keeps the order of the keys that were there. */
function renderToml(table: Table): string {
  return stringify(table, { numbersAsFloat: true }).trimEnd();
}

/** @param base the main file, in the one form */
function ourOptions(facts: ContainerdFacts, base: Table, options: ContainerdOptions): OurOptions {
  const { version, imports, effective, nvidia: toolkit } = facts;
  const nvidia = planNvidia(overlayImports(base, imports, version), {
    ...{ gpu: options.gpu, toolkit, containerdVersion: version },
    inForce: effective === undefined ? undefined : readSetup(facts),
  });
  return { ...options, config: unifyKeys(withWholeNumbers(options.config), version), version, nvidia };
}

function mergeOurs(found: Table, options: OurOptions): Table {
  const disabled = asList(found.disabled_plugins).filter((name) => !CRI_NAMES.includes(String(name)));
  return mergeTables(
    mergeTables(
      { ...found, ...(found.disabled_plugins === undefined ? {} : { disabled_plugins: disabled }) },
      { plugins: planPlugins(found, options) },
    ),
    options.config,
  );
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
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

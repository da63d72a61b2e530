// The keys of containerd's configuration in one spelling. containerd decodes them into structs without regard to case, so two spellings
// of one key may stand side by side, and only one of them counts.
import { isTable, mergeTables, type Table } from "../merge.ts";

/** Where the CRI plugin's tables are, by version of the configuration file: one plugin up to 2, two since 3. */
export const CRI_V2 = "io.containerd.grpc.v1.cri";
export const CRI_V3_RUNTIME = "io.containerd.cri.v1.runtime";
export const CRI_V3_IMAGES = "io.containerd.cri.v1.images";

/** Keys of a struct, each with those of the table below it. Others stay as they are. */
interface Struct {
  readonly [key: string]: Struct;
}
/** In place of a key: the names in this table are others' choice, and their case counts. */
const ANY_NAME = "*";

const VALUE: Struct = {};
const RUNTIME: Struct = {
  ...{ runtime_type: VALUE, runtime_engine: VALUE, runtime_root: VALUE },
  options: {
    ...{ BinaryName: VALUE, Root: VALUE, SystemdCgroup: VALUE, NoPivotRoot: VALUE },
    ...{ Runtime: VALUE, RuntimeRoot: VALUE },
  },
};
const REGISTRY: Struct = {
  ...{ config_path: VALUE, mirrors: VALUE, auths: VALUE, headers: VALUE },
  configs: { [ANY_NAME]: { tls: VALUE, auth: VALUE } },
};
const CRI: Struct = {
  ...{ sandbox_image: VALUE, enable_cdi: VALUE, systemd_cgroup: VALUE, registry: REGISTRY },
  cni: { bin_dir: VALUE, bin_dirs: VALUE, conf_dir: VALUE },
  containerd: {
    ...{ default_runtime_name: VALUE, no_pivot: VALUE },
    ...{ default_runtime: RUNTIME, untrusted_workload_runtime: RUNTIME },
    runtimes: { [ANY_NAME]: RUNTIME },
  },
};
/** The keys that the merge sets or reads. The names of plugins are exact. */
const ROOT: Struct = {
  ...{ version: VALUE, imports: VALUE, disabled_plugins: VALUE, required_plugins: VALUE },
  plugins: {
    [ANY_NAME]: VALUE,
    ...{ cri: CRI, [CRI_V2]: CRI, [CRI_V3_RUNTIME]: CRI },
    [CRI_V3_IMAGES]: { pinned_images: { [ANY_NAME]: VALUE }, registry: REGISTRY },
  },
};

/**
 * Gives every key that counts its own spelling, and drops the others of the same name.
 * @param containerdVersion which of two spellings counts: up to 1.7 (go-toml 1) the exact one, since 2.0 (go-toml 2) the last
 */
export function unifyKeys(config: Table, containerdVersion: string): Table {
  return unify(config, ROOT, Number.parseInt(containerdVersion, 10) >= 2 ? mergeSpellings : pickSpelling);
}

/** Whether two spellings of one key stand in one table. */
export function hasDoubledKeys(config: Table): boolean {
  return hasDoubles(config, ROOT);
}

/** One value of a key, from the values by spelling; undefined when containerd heeds none of them. */
type Choice = (name: string, spellings: ReadonlyMap<string, unknown>) => unknown;

const pickSpelling: Choice = (name, spellings) => {
  const heeded = [name, name.toLowerCase(), name.toUpperCase(), `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`];
  const found = heeded.find((spelling) => spellings.has(spelling));
  return found === undefined ? undefined : spellings.get(found);
};

const mergeSpellings: Choice = (_, spellings) =>
  [...spellings.values()].reduce((before, value) =>
    isTable(before) && isTable(value) ? mergeTables(before, value) : value,
  );

function unify(table: Table, struct: Struct, choose: Choice): Table {
  const groups = groupKeys(table, struct);
  const entries = Object.entries(table).flatMap(([key, value]) => {
    const name = groups.nameOf(key);
    if (name === undefined) return [[key, below(value, struct[ANY_NAME], choose)] as const];
    const spellings = groups.spellings.get(name) ?? new Map();
    const chosen = choose(name, spellings);
    if (chosen === undefined) return [[key, value] as const];
    return key === [...spellings.keys()][0] ? [[name, below(chosen, struct[name], choose)] as const] : [];
  });
  return Object.fromEntries(entries);
}

function below(value: unknown, struct: Struct | undefined, choose: Choice): unknown {
  return isTable(value) && struct !== undefined ? unify(value, struct, choose) : value;
}

function hasDoubles(table: Table, struct: Struct): boolean {
  const { nameOf, spellings } = groupKeys(table, struct);
  if ([...spellings.values()].some(({ size }) => size > 1)) return true;
  return Object.entries(table).some(([key, value]) => {
    const inside = struct[nameOf(key) ?? ANY_NAME];
    return isTable(value) && inside !== undefined && hasDoubles(value, inside);
  });
}

/** The struct's name of each key, and each name's values by their spelling. Where names are others' choice, only exact ones count. */
function groupKeys(table: Table, struct: Struct) {
  const isExact = struct[ANY_NAME] !== undefined;
  const known = new Map(Object.keys(struct).map((name) => [isExact ? name : name.toLowerCase(), name]));
  const nameOf = (key: string) => known.get(isExact ? key : key.toLowerCase());
  const spellings = new Map<string, Map<string, unknown>>();
  for (const [key, value] of Object.entries(table)) {
    const name = nameOf(key);
    if (name === undefined || name === ANY_NAME) continue;
    spellings.set(name, (spellings.get(name) ?? new Map()).set(key, value));
  }
  return { nameOf, spellings };
}

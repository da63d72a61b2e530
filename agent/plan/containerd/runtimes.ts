// CRI's runtimes in one form: containerd makes a runtime of more tables than those under `runtimes`, and refuses to load CRI when a
// runtime of today's type has a key of the oldest one (containerd 1.6 and 1.7, pkg/cri/config, ValidatePluginConfig).
import { isTable, mergeTables, type Table, tableAt } from "../merge.ts";

/** The type of every runtime that starts containers through runc. */
export const RUNC_TYPE = "io.containerd.runc.v2";
/** Its name where nothing else is said. */
export const RUNC_RUNTIME = "runc";
/** containerd 1 has it beside today's; it knows no cgroup v2, and has options of other names. */
const LINUX_TYPE = "io.containerd.runtime.v1.linux";
/** Types that start containers through runc. containerd 2 has the last one alone. */
const RUNC_TYPES: readonly unknown[] = [LINUX_TYPE, "io.containerd.runc.v1", RUNC_TYPE];
/** Keys that only the oldest type may have; empty ones do no harm. */
const OLD_KEYS = ["runtime_engine", "runtime_root"];
/** The names that containerd 1 itself gives to `default_runtime` and `untrusted_workload_runtime`. */
const NAME_OF_DEFAULT = "default";
const NAME_OF_UNTRUSTED = "untrusted";

/**
 * CRI's runtime table with each of its runtimes under `runtimes`, those of runc's kind of today's type.
 * @param cri with its keys in one spelling
 */
export function unifyRuntimes(cri: Table, containerdVersion: string): Table {
  const isFirst = Number.parseInt(containerdVersion, 10) < 2;
  const rest = isFirst && cri.systemd_cgroup === true ? without(cri, "systemd_cgroup") : cri;
  if (!isTable(cri.containerd)) return rest;
  const gathered = isFirst ? gatherRuntimes(cri.containerd) : cri.containerd;
  const hasNoPivot = isFirst && gathered.no_pivot === true;
  const containerd = hasNoPivot ? without(gathered, "no_pivot") : gathered;
  if (!isTable(containerd.runtimes)) return { ...rest, containerd };
  const runtimes = mapTable(containerd.runtimes, (name, runtime) => modernize(name, runtime, { isFirst, hasNoPivot }));
  return { ...rest, containerd: { ...containerd, runtimes } };
}

/** The two tables that containerd 1 adds to `runtimes`; containerd 2 has neither. */
function gatherRuntimes(containerd: Table): Table {
  return nameDefault(nameUntrusted(containerd));
}

function nameUntrusted(containerd: Table): Table {
  const { untrusted_workload_runtime: untrusted, ...rest } = containerd;
  const runtimes = tableAt(rest, "runtimes");
  // Beside a runtime of that name containerd does not load CRI, and says so.
  if (!isInForce(untrusted) || Object.hasOwn(runtimes, NAME_OF_UNTRUSTED)) return containerd;
  return { ...rest, runtimes: { ...runtimes, [NAME_OF_UNTRUSTED]: untrusted } };
}

/** `default_runtime` is the default whatever `default_runtime_name` says. NVIDIA's toolkit writes it beside a runtime that says the same. */
function nameDefault(containerd: Table): Table {
  const { default_runtime: ofDefault, ...rest } = containerd;
  if (!isInForce(ofDefault)) return containerd;
  const runtimes = tableAt(rest, "runtimes");
  const twin = Object.keys(runtimes).find((name) => name !== NAME_OF_DEFAULT && isSame(runtimes[name], ofDefault));
  return {
    ...rest,
    default_runtime_name: twin ?? NAME_OF_DEFAULT,
    // Pods may ask for this name, too.
    runtimes: { ...runtimes, [NAME_OF_DEFAULT]: ofDefault },
  };
}

/** containerd asks for the type alone. */
function isInForce(runtime: unknown): runtime is Table {
  return isTable(runtime) && typeof runtime.runtime_type === "string" && runtime.runtime_type !== "";
}

interface Generation {
  /** containerd 1. */
  readonly isFirst: boolean;
  /** `no_pivot` of containerd 1, which only its oldest type heeds. */
  readonly hasNoPivot: boolean;
}

/** A runtime of runc's kind in today's type; any other as it is. */
function modernize(name: string, runtime: Table, { isFirst, hasNoPivot }: Generation): Table {
  const { runtime_type: type, runtime_engine: engine, runtime_root: root } = runtime;
  if (!RUNC_TYPES.includes(type) && name !== RUNC_RUNTIME) return runtime;
  // containerd 2 ignores the keys of a type that it does not have.
  if (type === RUNC_TYPE && !isFirst) return runtime;
  const options = tableAt(runtime, "options");
  const isLinux = type === LINUX_TYPE;
  const program = firstText(options.BinaryName, isLinux ? options.Runtime : undefined, engine);
  const folder = firstText(options.Root, isLinux ? options.RuntimeRoot : undefined, root);
  const kept = {
    ...(program === undefined ? {} : { BinaryName: program }),
    ...(folder === undefined ? {} : { Root: folder }),
    ...(isLinux && hasNoPivot ? { NoPivotRoot: true } : {}),
  };
  return {
    ...{ ...without(runtime, ...OLD_KEYS.filter((key) => runtime[key] !== "")), runtime_type: RUNC_TYPE },
    ...(Object.keys(kept).length === 0 ? {} : { options: mergeTables(options, kept) }),
  };
}

function firstText(...values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === "string" && value !== "");
}

function mapTable(table: Table, change: (name: string, inside: Table) => Table): Table {
  return Object.fromEntries(
    Object.entries(table).map(([name, value]) => [name, isTable(value) ? change(name, value) : value]),
  );
}

function without(table: Table, ...keys: readonly string[]): Table {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key)));
}

function isSame(one: unknown, other: unknown): boolean {
  if (!isTable(one) || !isTable(other)) return render(one) === render(other);
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isSame(one[key], other[key]));
}

function render(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
}

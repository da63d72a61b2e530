// Parses the output of nvidia-smi. A field that a GPU, a driver or a failure leaves out is undefined, not an error.
import { toBusId } from "../facts/gpu.ts";
import { nameRecovery } from "../xid/gpu-action.ts";
import { readFlag, readNumber, readText, stateOf } from "./nvidia-smi-cells.ts";

/** Fields that every driver since 2017 knows. */
export const CORE_FIELDS = [
  ...["index", "uuid", "name", "pci.bus_id", "driver_version"],
  ...["memory.total", "memory.used", "temperature.gpu"],
] as const;

/** Fields that some GPUs or drivers do not know. A refused field is left out of the next query. */
export const OPTIONAL_FIELDS = [
  ...["pci.bus_id", "power.draw", "power.limit", "utilization.gpu", "persistence_mode"],
  ...["mig.mode.current", "mig.mode.pending", "ecc.mode.current", "ecc.mode.pending"],
  "ecc.errors.uncorrected.volatile.total",
  // GPUs before Ampere retire pages of their memory; later ones replace rows.
  ...["retired_pages.pending", "retired_pages.single_bit_ecc.count", "retired_pages.double_bit.count"],
  ...["pcie.link.width.current", "pcie.link.width.max"],
  // The first is the newer name of the second.
  ...["clocks_event_reasons.active", "clocks_throttle_reasons.active"],
  ...["fabric.state", "fabric.status", "gpu_recovery_action"],
] as const;

/** Fields of --query-remapped-rows. */
export const REMAPPED_FIELDS = ["gpu_bus_id", "remapped_rows.pending", "remapped_rows.failure"] as const;

/** One GPU in the output of nvidia-smi. */
export interface GpuReading {
  readonly index?: number;
  /** `GPU-…` */
  readonly uuid?: string;
  /** In the kernel's spelling, e.g. `0000:06:00.0`. */
  readonly busId: string;
  readonly product?: string;
  readonly memoryTotalMebibytes?: number;
  readonly memoryUsedMebibytes?: number;
  readonly temperatureCelsius?: number;
  readonly powerWatts?: number;
  readonly powerLimitWatts?: number;
  readonly utilizationPercent?: number;
  readonly isPersistent?: boolean;
  readonly isMig?: boolean;
  /** Whether another mode was chosen, which the next reset brings. */
  readonly isMigPending?: boolean;
  readonly isEcc?: boolean;
  readonly isEccPending?: boolean;
  /** Uncorrected ECC errors since the driver was loaded. */
  readonly eccUncorrected?: number;
  /** `hardware`: the GPU does not say for which of the two reasons. */
  readonly slowdown?: "thermal" | "power" | "hardware";
  readonly pcieWidth?: number;
  /** The most that GPU and slot can. */
  readonly pcieMaxWidth?: number;
  /** State of a GPU on an NVSwitch fabric, e.g. `Completed`. */
  readonly fabricState?: string;
  /** Whether the GPU failed to join the fabric. */
  readonly isFabricFailed?: boolean;
  /** What the driver asks for: `None`, `Reset`, `Reboot`, `Drain P2P`, `Drain and Reset`. */
  readonly recoveryAction?: string;
  readonly isRemapPending?: boolean;
  readonly isRemapFailed?: boolean;
  /** Whether the next reset retires faulty pages of the memory. */
  readonly isRetirementPending?: boolean;
  readonly retiredPages?: number;
  /** Fields that the driver failed to read, though the GPU answers; absent when there are none. */
  readonly unreadable?: readonly string[];
  /** Whether a field says that the GPU must be reset. */
  readonly needsReset: boolean;
  /** Whether a field says that the GPU is lost, or the driver can read nothing that the GPU measures. */
  readonly isLost: boolean;
}

/** A row of values by field. */
export type Row = Readonly<Record<string, string>>;

/** Bits of nvmlClocksEventReasons: software or hardware thermal slowdown; hardware power brake; hardware slowdown of either reason. */
const THERMAL_REASONS = 0x20n | 0x40n;
const POWER_REASONS = 0x80n;
const HARDWARE_REASONS = 0x08n;
/** nvmlGpuFabricState, which some versions print as a number. */
const FABRIC_STATES: readonly (string | undefined)[] = [undefined, "Not Started", "In Progress", "Completed"];
const REQUIRES_RESET = /requires reset/i;
/** What every GPU measures, as far as it has it. */
const MEASURED = ["temperature.gpu", "memory.total", "memory.used", "power.draw", "utilization.gpu"] as const;

/** Parses rows of `--format=csv,noheader,nounits`. Lines that are not rows (warnings, errors) are left out. */
export function parseRows(stdout: string, fields: readonly string[]): readonly Row[] {
  return stdout
    .split("\n")
    .map((line) => line.split(",").map((value) => value.trim()))
    .filter((values) => values.length === fields.length)
    .map((values) => Object.fromEntries(values.map((value, index) => [fields[index] ?? "", value])));
}

/** Finds the field that made nvidia-smi refuse a query; undefined when it did not refuse. */
export function refusedField(output: string): string | undefined {
  return /Field "([^"]+)" is not a valid field to query/.exec(output)?.[1];
}

/** Finds the addresses of GPUs that nvidia-smi could not open: `Unable to determine the device handle for GPU 0000:18:00.0: …`. */
export function unreachableBusIds(output: string): readonly string[] {
  const lines = output.matchAll(
    /device handle for gpu\s{0,4}(?:\d{1,4}\s{0,4}:\s{0,4})?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.\d)/gi,
  );
  return Array.from(lines, ([, address = ""]) => toBusId(address));
}

/** Joins the rows of the three queries by bus address. A core row without a readable address is left out. */
export function toReadings(
  core: readonly Row[],
  optional: readonly Row[],
  remapped: readonly Row[],
): readonly GpuReading[] {
  const find = (rows: readonly Row[], field: string, busId: string) =>
    rows.find((row) => toBusId(row[field] ?? "") === busId) ?? {};
  return core
    .filter((row) => readText(row["pci.bus_id"]) !== undefined)
    .map((row) => {
      const busId = toBusId(row["pci.bus_id"] ?? "");
      return toReading(busId, {
        ...find(optional, "pci.bus_id", busId),
        ...find(remapped, "gpu_bus_id", busId),
        ...row,
      });
    });
}

function toReading(busId: string, row: Row): GpuReading {
  const text = (field: string) => readText(row[field]);
  const number = (field: string) => readNumber(row[field]);
  const flag = (field: string) => readFlag(row[field]);
  const values = Object.values(row);
  const fabric = text("fabric.state");
  const recovery = text("gpu_recovery_action");
  return withoutUndefined({
    busId,
    index: number("index"),
    uuid: text("uuid"),
    product: text("name"),
    memoryTotalMebibytes: number("memory.total"),
    memoryUsedMebibytes: number("memory.used"),
    temperatureCelsius: number("temperature.gpu"),
    powerWatts: number("power.draw"),
    powerLimitWatts: number("power.limit"),
    utilizationPercent: number("utilization.gpu"),
    isPersistent: flag("persistence_mode"),
    isMig: flag("mig.mode.current"),
    isMigPending: differ(flag("mig.mode.current"), flag("mig.mode.pending")),
    isEcc: flag("ecc.mode.current"),
    isEccPending: differ(flag("ecc.mode.current"), flag("ecc.mode.pending")),
    eccUncorrected: number("ecc.errors.uncorrected.volatile.total"),
    slowdown: toSlowdown(text("clocks_event_reasons.active") ?? text("clocks_throttle_reasons.active")),
    pcieWidth: number("pcie.link.width.current"),
    pcieMaxWidth: number("pcie.link.width.max"),
    fabricState: fabric !== undefined && /^\d{1,3}$/.test(fabric) ? FABRIC_STATES[Number(fabric)] : fabric,
    isFabricFailed: isFabricFailure(text("fabric.status")),
    recoveryAction: recovery === undefined ? undefined : nameRecovery(recovery),
    isRemapPending: flag("remapped_rows.pending"),
    isRemapFailed: flag("remapped_rows.failure"),
    isRetirementPending: flag("retired_pages.pending"),
    retiredPages: sum(number("retired_pages.single_bit_ecc.count"), number("retired_pages.double_bit.count")),
    unreadable: listUnreadable(row),
    needsReset: values.some((value) => REQUIRES_RESET.test(value)),
    isLost: values.some((value) => /gpu is lost/i.test(value)) || isSilent(row),
  });
}

/** Whether the driver can read nothing of what the GPU measures. */
function isSilent(row: Row): boolean {
  const cells = MEASURED.flatMap((field) => row[field] ?? []);
  const unreadable = cells.filter(isUnreadable);
  return unreadable.length > 1 && !cells.some((cell) => stateOf(cell) === "value");
}

function listUnreadable(row: Row): readonly string[] | undefined {
  const fields = Object.keys(row).filter((field) => isUnreadable(row[field]));
  return fields.length === 0 ? undefined : fields.toSorted();
}

/** A reset that is required is a reason of its own. */
function isUnreadable(cell: string | undefined): boolean {
  return stateOf(cell) === "unreadable" && !REQUIRES_RESET.test(cell ?? "");
}

function isFabricFailure(status: string | undefined): boolean | undefined {
  return status === undefined ? undefined : !/^(?:success|0)$/i.test(status);
}

function toSlowdown(mask: string | undefined): GpuReading["slowdown"] {
  if (mask === undefined || !/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(mask)) return undefined;
  const reasons = BigInt(mask);
  if ((reasons & THERMAL_REASONS) !== 0n) return "thermal";
  if ((reasons & POWER_REASONS) !== 0n) return "power";
  return (reasons & HARDWARE_REASONS) !== 0n ? "hardware" : undefined;
}

function differ(one: boolean | undefined, other: boolean | undefined): boolean | undefined {
  return one === undefined || other === undefined ? undefined : one !== other;
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);
}

function withoutUndefined<T extends object>(table: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined)) as T;
}

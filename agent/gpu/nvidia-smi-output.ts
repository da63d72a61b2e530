// Parses the output of nvidia-smi. A field that a GPU, a driver or a failure leaves out is undefined, not an error.
import { toBusId } from "../facts/gpu.ts";

/** Fields that every driver since 2017 knows. */
export const CORE_FIELDS = [
  ...["index", "uuid", "name", "pci.bus_id", "driver_version"],
  ...["memory.total", "memory.used", "temperature.gpu"],
] as const;

/** Fields that some GPUs or drivers do not know. A refused field is left out of the next query. */
export const OPTIONAL_FIELDS = [
  ...["pci.bus_id", "power.draw", "power.limit", "utilization.gpu", "persistence_mode", "mig.mode.current"],
  ...["ecc.mode.current", "ecc.errors.uncorrected.volatile.total"],
  // The first is the newer name of the second.
  ...["clocks_event_reasons.active", "clocks_throttle_reasons.active"],
  ...["fabric.state", "gpu_recovery_action"],
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
  readonly isEcc?: boolean;
  /** Uncorrected ECC errors since the driver was loaded. */
  readonly eccUncorrected?: number;
  readonly slowdown?: "thermal" | "power";
  /** State of a GPU on an NVSwitch fabric, e.g. `Completed`. */
  readonly fabricState?: string;
  /** What the driver asks for: `None`, `Reset`, `Reboot`, `Drain P2P`, `Drain and Reset`. */
  readonly recoveryAction?: string;
  readonly isRemapPending?: boolean;
  readonly isRemapFailed?: boolean;
  /** Whether a field says that the GPU must be reset. */
  readonly needsReset: boolean;
  /** Whether a field says that the GPU is lost. */
  readonly isLost: boolean;
}

/** A row of values by field. */
export type Row = Readonly<Record<string, string>>;

/** Bits of nvmlClocksEventReasons: software or hardware thermal slowdown; hardware power brake. */
const THERMAL_REASONS = 0x20n | 0x40n;
const POWER_REASONS = 0x80n;
/** `[N/A]`, `N/A`, `[Not Supported]`, `[Unknown Error]`, `[Insufficient Permissions]`, `[GPU requires reset]`, `ERR!`, … */
const NOTHING = /^(\[.*\]|N\/A|ERR!|Not Found|Unknown Error)?$/i;

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
  const lines = output.matchAll(/device handle for gpu\s*(?:\d+\s*:\s*)?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.\d)/gi);
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
    .filter((row) => isPresent(row["pci.bus_id"]))
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
  const text = (field: string) => (isPresent(row[field]) ? row[field] : undefined);
  const number = (field: string) => {
    const value = Number(text(field) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const flag = (field: string, yes: string) => {
    const value = text(field);
    return value === undefined ? undefined : value.toLowerCase() === yes;
  };
  const values = Object.values(row);
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
    isPersistent: flag("persistence_mode", "enabled"),
    isMig: flag("mig.mode.current", "enabled"),
    isEcc: flag("ecc.mode.current", "enabled"),
    eccUncorrected: number("ecc.errors.uncorrected.volatile.total"),
    slowdown: toSlowdown(text("clocks_event_reasons.active") ?? text("clocks_throttle_reasons.active")),
    fabricState: text("fabric.state"),
    recoveryAction: text("gpu_recovery_action"),
    isRemapPending: flag("remapped_rows.pending", "yes"),
    isRemapFailed: flag("remapped_rows.failure", "yes"),
    needsReset: values.some((value) => /requires reset/i.test(value)),
    isLost: values.some((value) => /gpu is lost/i.test(value)),
  });
}

function toSlowdown(mask: string | undefined): GpuReading["slowdown"] {
  if (mask === undefined || !/^0x[0-9a-f]+$/i.test(mask)) return undefined;
  const reasons = BigInt(mask);
  if ((reasons & THERMAL_REASONS) !== 0n) return "thermal";
  return (reasons & POWER_REASONS) !== 0n ? "power" : undefined;
}

function isPresent(value: string | undefined): value is string {
  return value !== undefined && !NOTHING.test(value);
}

function withoutUndefined<T extends object>(table: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined)) as T;
}

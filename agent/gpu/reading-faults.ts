// What nvidia-smi says of one GPU → its faults. Pure.

import type { GpuReading } from "../nvidia/nvidia-smi-output.ts";
import { optional } from "../optional.ts";
import { type GpuAction, toRecoveryAction } from "../xid/gpu-action.ts";
import type { GpuFault } from "./gpu-fault.ts";

/** Answers in a row, half a minute apart: the fabric takes a minute after the boot, and one hot minute is not a fault. */
export const LASTING = 3;
/** NVIDIA replaces a GPU with this many retired pages; it can retire 64 (Dynamic Page Retirement, "RMA policy"). */
const MAX_RETIRED_PAGES = 60;
/** Number of fields that are named. */
const MAX_NAMED = 5;

const SLOWDOWNS: Readonly<Record<NonNullable<GpuReading["slowdown"]>, { what: string; hint: string }>> = {
  thermal: { what: "its heat", hint: "Check fans, air flow and the room's temperature." },
  power: { what: "the power supply", hint: "Check power supplies and cabling." },
  hardware: { what: "its heat or the power supply", hint: "Check fans, air flow, power supplies and cabling." },
};

/** Symptoms of a GPU that may pass by themselves. */
export function transientReadings({ busId, slowdown, unreadable, isLost }: GpuReading): readonly string[] {
  return [
    ...(slowdown === undefined ? [] : [`${busId} ${slowdown}`]),
    ...(unreadable === undefined || isLost ? [] : [`${busId} unreadable`]),
  ];
}

/** Finds the faults of one GPU. @param consecutiveAnswers how many answers in a row showed a symptom of {@link transientReadings} */
export function judgeReading(
  reading: GpuReading,
  consecutiveAnswers: ReadonlyMap<string, number>,
): readonly GpuFault[] {
  const isLasting = (symptom: string) => (consecutiveAnswers.get(`${reading.busId} ${symptom}`) ?? 0) >= LASTING;
  return [
    ...judgeMemory(reading),
    ...judgeRecovery(reading),
    ...judgeSlowdown(reading, isLasting),
    ...judgeUnreadable(reading, isLasting),
  ];
}

/** Faulty memory: rows on GPUs since Ampere, pages on those before. */
function judgeMemory(reading: GpuReading): readonly GpuFault[] {
  const { busId, eccUncorrected = 0, isRemapPending, isRemapFailed, isRetirementPending, retiredPages = 0 } = reading;
  const found: GpuFault[] = [];
  const add = (code: string, action: GpuAction, message: string) => found.push({ code, busId, action, message });
  if (isRemapFailed) add("gpu-row-remap-failed", "replace", "it has no spare memory rows left");
  if (isRemapPending) add("gpu-row-remap-pending", "reset-the-gpu", "its next reset replaces faulty memory rows");
  if (retiredPages >= MAX_RETIRED_PAGES)
    add("gpu-retired-pages-full", "replace", `${retiredPages} of at most 64 faulty memory pages are retired`);
  if (isRetirementPending)
    add("gpu-page-retirement-pending", "reset-the-gpu", "its next reset retires faulty memory pages");
  if (eccUncorrected > 0)
    add("gpu-ecc-uncorrected", "reset-the-gpu", `${eccUncorrected} uncorrected ECC errors since the driver was loaded`);
  return found;
}

function judgeRecovery({ busId, needsReset, recoveryAction }: GpuReading): readonly GpuFault[] {
  const found: GpuFault[] = [];
  const add = (code: string, action: GpuAction, message: string, hint?: string) =>
    found.push({ code, busId, action, message, ...optional({ hint }) });
  if (needsReset) add("gpu-reset-required", "reset-the-gpu", "nvidia-smi reports that it requires a reset");
  const wanted = toRecoveryAction(recoveryAction ?? "None");
  const asks = `the driver asks for: ${recoveryAction}`;
  if (wanted === "reboot") add("gpu-reboot-required", wanted, asks);
  else if (wanted !== "none") add("gpu-reset-required", wanted, asks);
  else if (/\bimex\b/i.test(recoveryAction ?? ""))
    add("gpu-imex-recovery", "none", asks, "systemctl restart nvidia-imex on every machine of the domain.");
  return found;
}

function judgeSlowdown({ busId, slowdown }: GpuReading, isLasting: (symptom: string) => boolean): readonly GpuFault[] {
  if (slowdown === undefined || !isLasting(slowdown)) return [];
  const { what, hint } = SLOWDOWNS[slowdown];
  return [{ code: `gpu-slowdown-${slowdown}`, busId, action: "none", message: `${what} keeps its clocks low`, hint }];
}

function judgeUnreadable(
  { busId, unreadable, isLost }: GpuReading,
  isLasting: (symptom: string) => boolean,
): readonly GpuFault[] {
  if (unreadable === undefined || isLost || !isLasting("unreadable")) return [];
  const named = unreadable.slice(0, MAX_NAMED).join(", ");
  const more = unreadable.length > MAX_NAMED ? ` and ${unreadable.length - MAX_NAMED} more` : "";
  const message = `the driver cannot read ${named}${more}`;
  const hint = `nvidia-smi -q -i ${busId}; dmesg | grep NVRM. When it lasts, reset the GPU.`;
  return [{ code: "gpu-unreadable", busId, action: "none", message, hint }];
}

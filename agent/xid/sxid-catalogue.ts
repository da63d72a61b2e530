// The SXids, which NVIDIA's driver of NVSwitches logs, and which of them are fatal.
// NVIDIA, Fabric Manager User Guide, "NVSwitch SXid errors": a fatal one needs a reset of all GPUs and NVSwitches, or a reboot.
import type { GpuAction } from "./gpu-action.ts";

/** Always fatal to the whole fabric, in NVIDIA's list. Every other number is fatal when its line says so. */
const ALWAYS_FATAL: ReadonlySet<number> = new Set([10_003, 12_020, 22_003, 22_011, ...range(23_001, 23_017)]);

/** The driver's word: `20034, Fatal, Link 30 …`, `12028, Non-fatal, …`, `11012, Correctable, …`; details say `Severity 1`, which is fatal. */
const SEVERITY = /^\s*(?:(non-?fatal|correctable|severity 0)|(fatal|severity 1))\b/i;

/** What to do about an SXid. The word in the line comes before the number. @param text what follows the number */
export function sxidAction(sxid: number, text: string): GpuAction {
  const [, harmless, fatal] = SEVERITY.exec(text) ?? [];
  if (harmless !== undefined) return "none";
  return fatal !== undefined || ALWAYS_FATAL.has(sxid) ? "reboot" : "none";
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

// Parses Xid lines of the kernel's log, in which NVIDIA's driver reports faults of GPUs and errors of applications.
// https://docs.nvidia.com/deploy/xid-errors/
import { toBusId } from "../facts/gpu.ts";
import { GPU_XIDS } from "./xid-catalogue.ts";

/** What to do about a fault. `check-the-app` means that the application is at fault, not the GPU. */
export type GpuAction = "none" | "check-the-app" | "reset-the-gpu" | "reboot" | "replace";

/** One line about a GPU, or about all of them. */
export type KernelGpuLine =
  | {
      readonly kind: "xid";
      readonly busId: string;
      readonly xid: number;
      readonly atSeconds: number;
      readonly text: string;
      readonly action: GpuAction;
    }
  /** The driver withdraws what it asked for (Xid 154 to `None`): the GPU was reset. */
  | { readonly kind: "recovered"; readonly busId: string; readonly atSeconds: number }
  /** The driver was loaded, which initializes every GPU. */
  | { readonly kind: "driver-loaded"; readonly atSeconds: number };

const RECOVERY_ACTION = 154;
const FALLEN_OFF_THE_BUS = 79;

/** Every line of interest contains it. Searching for it is cheaper than the shortest regular expression. */
export const KERNEL_TOKEN = "NVRM: ";
/** A line of `dmesg --raw`: `<4>[ 1234.567890] NVRM: …`. */
const LINE = /^<\d+>\[\s*(\d+\.\d+)\]\s+(?:\[[^\]]*\]\s+)?NVRM: (.*)$/;
const XID = /^Xid \(PCI:([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.\d)?)[^)]*\): (\d+)(?:,\s*)?(.*)$/i;
const FALLEN = /^GPU (?:at PCI:)?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.\d)?): GPU has fallen off the bus/i;
const LOADED = /^loading NVIDIA UNIX /;

/** Parses a line of `dmesg --raw`; undefined when it does not concern a GPU's health. */
export function parseKernelLine(line: string): KernelGpuLine | undefined {
  if (!line.includes(KERNEL_TOKEN)) return undefined;
  const [, seconds, words = ""] = LINE.exec(line) ?? [];
  const atSeconds = Number(seconds);
  if (!Number.isFinite(atSeconds)) return undefined;
  if (LOADED.test(words)) return { kind: "driver-loaded", atSeconds };
  const fallen = FALLEN.exec(words)?.[1];
  if (fallen !== undefined) return toXid(toBusId(fallen), FALLEN_OFF_THE_BUS, atSeconds, "GPU has fallen off the bus.");
  const [, address, code, text = ""] = XID.exec(words) ?? [];
  if (address === undefined) return undefined;
  return toXid(toBusId(address), Number(code), atSeconds, text.trim());
}

function toXid(busId: string, xid: number, atSeconds: number, text: string): KernelGpuLine {
  if (xid !== RECOVERY_ACTION) return { kind: "xid", busId, xid, atSeconds, text, action: actionOf(xid) };
  const wanted = / to 0x[0-9a-f]+ \(([^)]*)\)/i.exec(text)?.[1] ?? "";
  if (/^none$/i.test(wanted)) return { kind: "recovered", busId, atSeconds };
  return { kind: "xid", busId, xid, atSeconds, text, action: toRecoveryAction(wanted) };
}

/** Translates the driver's words for what a GPU needs: `GPU Reset Required`, `Node Reboot Required`, `Drain P2P`, `PF FLR`, … */
export function toRecoveryAction(words: string): GpuAction {
  if (/^none$/i.test(words)) return "none";
  return /reboot/i.test(words) ? "reboot" : "reset-the-gpu";
}

/** An Xid that the catalogue does not attribute to the GPU is not a fault of the GPU. */
function actionOf(xid: number): GpuAction {
  return GPU_XIDS[xid]?.action ?? "check-the-app";
}

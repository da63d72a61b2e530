// Parses lines of the kernel's log in which NVIDIA's drivers report faults of GPUs and NVSwitches, and errors of applications.
// https://docs.nvidia.com/deploy/xid-errors/
import { toBusId } from "../facts/gpu.ts";
import { type GpuAction, toRecoveryAction } from "./gpu-action.ts";
import { isHarmlessNvlinkEvent } from "./nvlink-severity.ts";
import { sxidAction } from "./sxid-catalogue.ts";
import { XIDS } from "./xid-catalogue.ts";

/** One message about a GPU or an NVSwitch, or about all GPUs. */
export type KernelGpuLine =
  | {
      readonly kind: "xid";
      readonly busId: string;
      readonly xid: number;
      readonly atSeconds: number;
      readonly text: string;
      readonly action: GpuAction;
      /** It is an SXid, of an NVSwitch. */
      readonly isSwitch?: true;
    }
  /** The driver withdraws what it asked for (Xid 154 to `None`): the GPU was reset. */
  | { readonly kind: "recovered"; readonly busId: string; readonly atSeconds: number }
  /** The driver was loaded, which initializes every GPU. */
  | { readonly kind: "driver-loaded"; readonly atSeconds: number };

const RECOVERY_ACTION = 154;
const FALLEN_OFF_THE_BUS = 79;
const CONTAINED = 94;
const RESET_WORD = /(?<!D-)\bRST: (yes|no)\b/gi;
const MAX_TEXT_LENGTH = 500;
/** How long, and for how many lines, a message of several lines may last. */
const MESSAGE_SECONDS = 5;
const MESSAGE_LINES = 20;

/** Every line of interest contains one of them. Searching for them is cheaper than the shortest regular expression. */
export const KERNEL_TOKENS = ["NVRM: ", "SXid ("] as const;
/** A line of `dmesg --raw`: `<4>[ 1234.567890] NVRM: …`; some kernels add the caller: `[ T1234]`. */
const LINE =
  /^<\d{1,4}>\[\s{0,12}(\d{1,12}\.\d{1,9})\]\s{1,8}(?:\[[^\]]{0,40}\]\s{1,8})?((?:NVRM: )?nvidia-nvswitch\d{1,4}: |NVRM: )(.*)$/;
/** A further line of a message, which dmesg indents or not, by its version. */
const CONTINUATION = /^\s{0,80}NVRM: (.*)$/;
/** `PCI:0000:18:00`, `0000:18:00.0`, `00000000:18:00.0`, `18:00.0`, and `0018:00` of drivers that gave no domain. */
const ADDRESS = String.raw`(?:PCI:)?((?:[0-9a-f]{4,8}:)?[0-9a-f]{2,4}:[0-9a-f]{2}(?:\.[0-9a-f])?)`;
const XID = new RegExp(String.raw`^S?Xid \(${ADDRESS}(?: [^)]{0,100})?\): {0,4}(\d{1,6})\b(.*)$`, "i");
const GPU_AT = new RegExp(`^(?:The NVIDIA )?GPU (?:at )?${ADDRESS}(?![0-9a-f]|:[0-9a-f])`, "i");
const FALLEN = /\bfallen off the bus\b/i;
const PROBED = /^The NVIDIA GPU /i;
const LOADED = /^loading NVIDIA UNIX /;

interface Message {
  readonly atSeconds: number;
  readonly isSwitch: boolean;
  readonly words: string;
}

/** Parses a line of `dmesg --raw`; undefined when it does not concern a GPU's health by itself. */
export function parseKernelLine(line: string): KernelGpuLine | undefined {
  const message = splitLine(line);
  return message === undefined ? undefined : toKernelLine(message);
}

/** Reads lines in their order, and joins messages of several lines. */
export class KernelMessages {
  #begun: { readonly busId: string; readonly atSeconds: number; linesLeft: number } | undefined;

  /** Reads one line; undefined when it says nothing of a GPU's health, or not yet. */
  read(line: string): KernelGpuLine | undefined {
    const message = splitLine(line);
    const parsed = message === undefined ? undefined : toKernelLine(message);
    if (parsed !== undefined) return parsed;
    const probed = message !== undefined && PROBED.test(message.words) ? GPU_AT.exec(message.words)?.[1] : undefined;
    if (message !== undefined && probed !== undefined) {
      this.#begun = { busId: toBusId(probed), atSeconds: message.atSeconds, linesLeft: MESSAGE_LINES };
      return undefined;
    }
    return this.#end(message?.words ?? CONTINUATION.exec(line)?.[1] ?? "", message?.atSeconds);
  }

  /** Reads a further line of the message that has begun. */
  #end(words: string, atSeconds: number | undefined): KernelGpuLine | undefined {
    const begun = this.#begun;
    if (begun === undefined) return undefined;
    begun.linesLeft -= 1;
    const isLate = (atSeconds ?? begun.atSeconds) - begun.atSeconds > MESSAGE_SECONDS;
    if (begun.linesLeft === 0 || isLate) this.#begun = undefined;
    if (isLate || !FALLEN.test(words) || GPU_AT.test(words)) return undefined;
    this.#begun = undefined;
    return fallen(begun.busId, begun.atSeconds);
  }
}

function splitLine(line: string): Message | undefined {
  if (!KERNEL_TOKENS.some((token) => line.includes(token))) return undefined;
  const [, seconds, source = "", words = ""] = LINE.exec(line) ?? [];
  if (seconds === undefined) return undefined;
  return { atSeconds: Number(seconds), isSwitch: source !== "NVRM: ", words };
}

function toKernelLine({ atSeconds, isSwitch, words }: Message): KernelGpuLine | undefined {
  const [, address, code, rest = ""] = XID.exec(words) ?? [];
  if (address !== undefined) {
    const text = rest.replace(/^,/, "").trim().slice(0, MAX_TEXT_LENGTH);
    const toLine = isSwitch ? toSxid : toXid;
    return toLine({ busId: toBusId(address), xid: Number(code), atSeconds, text });
  }
  if (isSwitch) return undefined;
  if (LOADED.test(words)) return { kind: "driver-loaded", atSeconds };
  const gone = FALLEN.test(words) ? GPU_AT.exec(words)?.[1] : undefined;
  return gone === undefined ? undefined : fallen(toBusId(gone), atSeconds);
}

interface Reported {
  readonly busId: string;
  readonly xid: number;
  readonly atSeconds: number;
  readonly text: string;
}

function fallen(busId: string, atSeconds: number): KernelGpuLine {
  return toXid({ busId, xid: FALLEN_OFF_THE_BUS, atSeconds, text: "GPU has fallen off the bus." });
}

function toXid(reported: Reported): KernelGpuLine {
  const { busId, xid, atSeconds, text } = reported;
  if (xid !== RECOVERY_ACTION) return { kind: "xid", ...reported, action: xidAction(xid, text) };
  const wanted = / to 0x[0-9a-f]{1,8} \(([^)]{0,100})\)/i.exec(text)?.[1] ?? "";
  if (/^none$/i.test(wanted)) return { kind: "recovered", busId, atSeconds };
  return { kind: "xid", ...reported, action: toRecoveryAction(wanted) };
}

function toSxid(reported: Reported): KernelGpuLine {
  return { kind: "xid", ...reported, action: sxidAction(reported.xid, reported.text), isSwitch: true };
}

/** `Contained: LTC TAG (0x2, 0x1). RST: Yes, D-RST: No`: whether the driver needs a reset now. A process's name comes before it. */
function asksForReset(xid: number, text: string): boolean {
  return xid === CONTAINED && /^yes$/i.test([...text.matchAll(RESET_WORD)].at(-1)?.[1] ?? "");
}

/** The severity in the line comes before the number. An Xid that the catalogue does not have is not taken for a fault of the GPU. */
function xidAction(xid: number, text: string): GpuAction {
  if (isHarmlessNvlinkEvent(xid, text) === true) return "none";
  if (asksForReset(xid, text)) return "reset-the-gpu";
  return XIDS[xid]?.action ?? "check-the-app";
}

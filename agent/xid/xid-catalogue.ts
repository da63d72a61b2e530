// NVIDIA's catalogue of Xids: what each number means, whose fault it is, and what to do. Where it names no action, Xid 154 does.
// https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html (48, 74 and 144 to 150 ask for an inspection that begins with a reset),
// and nverror.h of the open kernel modules for the numbers from 173 on.
import { type GpuAction, isFatalAction } from "./gpu-action.ts";

export interface XidEntry {
  readonly meaning: string;
  readonly action: GpuAction;
  /** `application`: the GPU is sound. `gpu`: an event of the hardware or the driver. `unused`: NVIDIA gives it no meaning on GPUs since Ampere. */
  readonly origin: "application" | "gpu" | "unused";
}

/** Errors of the application, which is to be restarted. */
const APPLICATION: Readonly<Record<number, string>> = {
  8: "a channel of commands was idle for too long",
  11: "a corrupted stream of commands",
  13: "an exception of the graphics and compute engine",
  25: "an illegal stream of commands",
  31: "an access to memory that is not there",
  32: "a corrupted stream of commands",
  37: "the driver's firmware met a method that it does not know",
  39: "an exception of copy engine 0",
  40: "an exception of copy engine 1",
  41: "an exception of copy engine 2",
  43: "the application's channel stopped",
  44: "a fault while the engine switched contexts",
  45: "the application was ended, or an earlier error ended it",
  60: "an exception of the video processor",
  68: "an exception of video decoder 0",
  69: "a call that the engine's class does not have",
  70: "an error of copy engine 3",
  71: "an error of copy engine 4",
  72: "an error of copy engine 5",
  75: "an error of copy engine 6",
  76: "an error of copy engine 7",
  77: "an error of copy engine 8",
  80: "corrupted data was sent to the GPU",
  82: "an error of JPEG engine 0",
  83: "an error of video decoder 1",
  84: "an error of video decoder 2",
  85: "an error of copy engine 9",
  86: "an exception of the optical flow engine",
  88: "an error of video decoder 3",
  89: "an error of video decoder 4",
  96: "an error of video decoder 5",
  97: "an error of video decoder 6",
  98: "an error of video decoder 7",
  99: "an error of JPEG engine 1",
  100: "an error of JPEG engine 2",
  101: "an error of JPEG engine 3",
  102: "an error of JPEG engine 4",
  103: "an error of JPEG engine 5",
  104: "an error of JPEG engine 6",
  105: "an error of JPEG engine 7",
  126: "an error of copy engine 10",
  127: "an error of copy engine 11",
  128: "an error of copy engine 12",
  129: "an error of copy engine 13",
  130: "an error of copy engine 14",
  131: "an error of copy engine 15",
  132: "an error of copy engine 16",
  133: "an error of copy engine 17",
  134: "an error of copy engine 18",
  135: "an error of copy engine 19",
  139: "an error of optical flow engine 1",
  141: "an error of CUDA's fast path",
  142: "an error of video encoder 3",
  174: "the application's channel was ended",
};

/** Events of the GPU or its driver, after which it goes on. */
const GOES_ON: Readonly<Record<number, string>> = {
  38: "the driver's firmware was late",
  63: "a faulty memory row or page was noted; the next reset replaces it",
  66: "the driver's firmware refused an access to a register",
  67: "the driver's firmware refused an access",
  78: "a virtual GPU could not be started: its software does not fit the driver",
  92: "many errors of one bit, which ECC corrected",
  93: "the infoROM is written too often",
  106: "a test message of the management bus",
  107: "a test message of the management bus",
  121: "an error of the link between GPU and CPU (C2C), which was corrected",
  137: "a remote GPU's access over NVLink was refused",
  152: "an error of the deep-learning accelerator's memory",
  153: "the deep-learning accelerator was late",
  157: "a part of the GPU could not be retired",
  160: "a channel was retired",
  161: "a channel could not be retired",
  162: "power smoothing is on again",
  163: "power smoothing is off, mostly for heat",
  164: "the circuit for power smoothing nears its end of life",
  165: "the circuit for power smoothing is at its end of life",
  166: "traffic of confidential computing before the NVLink was encrypted",
  168: "the GPU has less memory, because it starts around a fault; ECC replaces such rows",
  170: "an interrupt of confidential computing",
  171: "details of an Xid 48: the fault is in DRAM",
  172: "details of an Xid 48: the fault is in SRAM",
  176: "many errors of PCIe, which were corrected",
  185: "spare parts of the GPU came into use",
};

/** Events for which NVIDIA names no action. The drivers that log them say in Xid 154 what the GPU needs. */
const LEFT_TO_154: Readonly<Record<number, string>> = {
  159: "an error of the link between GPU and CPU (CHI)",
  167: "a timeout of PCIe",
  169: "the GPU's security processor halted",
  173: "the link between GPU and CPU (C2C) failed",
  175: "an error of the memory subsystem",
};

/** Faults of the GPU. */
const FAULTS: Readonly<Record<number, readonly [action: GpuAction, meaning: string]>> = {
  46: ["reset-the-gpu", "the GPU stopped processing"],
  48: ["reset-the-gpu", "an ECC error of two bits, which cannot be corrected"],
  54: ["replace", "the auxiliary power of the GPU's board is not connected; have it connected"],
  62: ["reset-the-gpu", "the GPU's internal microcontroller halted"],
  64: ["reset-the-gpu", "a faulty memory row could not be replaced"],
  74: ["reset-the-gpu", "NVLink failed"],
  79: ["reboot", "the GPU fell off the PCI bus"],
  95: ["reset-the-gpu", "an ECC error that could not be contained"],
  109: ["reset-the-gpu", "the switch to another context timed out"],
  110: ["reset-the-gpu", "a security fault"],
  119: ["reset-the-gpu", "the GPU's system processor (GSP) did not answer in time"],
  120: ["reset-the-gpu", "the GPU's system processor (GSP) failed"],
  136: ["reset-the-gpu", "the training of an NVLink failed"],
  140: ["reset-the-gpu", "an ECC error without recovery"],
  143: ["reset-the-gpu", "the GPU could not be initialized"],
  144: ["reset-the-gpu", "NVLink: error in unit SAW"],
  145: ["reset-the-gpu", "NVLink: error in unit RLW"],
  146: ["reset-the-gpu", "NVLink: error in unit TLW"],
  147: ["reset-the-gpu", "NVLink: error in unit TREX"],
  148: ["reset-the-gpu", "NVLink: error in unit NVLPW_CTRL"],
  149: ["reset-the-gpu", "NVLink: error in unit NETIR"],
  150: ["reset-the-gpu", "NVLink: error in unit MSE"],
  151: ["reboot", "the rotation of keys failed; the virtual machine must be restarted"],
  155: ["reset-the-gpu", "NVLink: error that software defines, such as a link that went down while in use"],
  156: ["reset-the-gpu", "a part of the GPU was retired"],
  158: ["reset-the-gpu", "a timeout that is fatal to the GPU"],
};

/** First and last of the numbers that NVIDIA's catalogue calls unused, or that only lead to its support. */
const UNUSED: readonly (readonly [first: number, last: number])[] = [
  [1, 7],
  [9, 10],
  [12, 12],
  [14, 24],
  [26, 30],
  [33, 36],
  [42, 42],
  [47, 47],
  [49, 53],
  [55, 59],
  [61, 61],
  [65, 65],
  [73, 73],
  [81, 81],
  [87, 87],
  [90, 91],
  [108, 108],
  [111, 118],
  [122, 125],
  [138, 138],
];

/** Every number of NVIDIA's catalogue. */
export const XIDS: Readonly<Record<number, XidEntry>> = {
  ...entries(APPLICATION, (meaning) => ({ meaning, action: "check-the-app", origin: "application" })),
  ...entries(GOES_ON, (meaning) => ({ meaning, action: "none", origin: "gpu" })),
  ...entries(LEFT_TO_154, (meaning) => ({ meaning, action: "none", origin: "gpu" })),
  ...entries(FAULTS, ([action, meaning]) => ({ meaning, action, origin: "gpu" })),
  ...entries(listUnused(), (meaning) => ({ meaning, action: "none", origin: "unused" })),
  94: { meaning: "an ECC error that stayed within one application", action: "check-the-app", origin: "gpu" },
  154: { meaning: "the driver names the recovery that the GPU needs", action: "none", origin: "gpu" },
};

/** Says of an Xid that is no fault of the GPU what it is. @param action what its line asks for, which may be less than its number does */
export function explainQuietXid(xid: number, action: GpuAction): string {
  const { meaning, origin, action: usual } = XIDS[xid] ?? {};
  if (meaning === undefined || usual === undefined) return "NVIDIA's catalogue did not have this Xid yet";
  if (origin === "application") return "an application's fault, not the GPU's";
  if (origin === "unused") return "NVIDIA's catalogue has no meaning for this Xid on GPUs since Ampere";
  if (action === "check-the-app") return `${meaning}: restart that application`;
  if (xid in LEFT_TO_154) return `${meaning}: an Xid 154 follows when the GPU needs anything`;
  return isFatalAction(usual) ? `${meaning}, and this event needs nothing` : `${meaning}: the GPU needs nothing now`;
}

function entries<T>(table: Readonly<Record<number, T>>, toEntry: (value: T) => XidEntry): Record<number, XidEntry> {
  return Object.fromEntries(Object.entries(table).map(([xid, value]) => [xid, toEntry(value)]));
}

function listUnused(): Readonly<Record<number, string>> {
  const numbers = UNUSED.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  return Object.fromEntries(numbers.map((xid) => [xid, "unused on GPUs since Ampere"]));
}

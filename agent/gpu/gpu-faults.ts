// Observation of the GPUs → their faults, worst first, each with a remedy. Pure: the same observation gives the same faults.
import type { GpuFacts } from "../facts/gpu.ts";
import type { SmiAnswer } from "../nvidia/nvidia-smi.ts";
import { optional } from "../optional.ts";
import type { GpuAction } from "../xid/gpu-action.ts";
import type { Xid } from "../xid/xid-record.ts";
import { byWeight, type GpuFault } from "./gpu-fault.ts";
import { judgeReading, LASTING, transientReadings } from "./reading-faults.ts";

/** Everything that faults are judged by. */
export interface GpuObservation {
  readonly facts: GpuFacts;
  /** Undefined while no driver is loaded. */
  readonly answer: SmiAnswer | undefined;
  readonly xids: readonly Xid[];
  /** Whether the fabric manager runs; undefined where there are no NVSwitches. */
  readonly hasFabricManager: boolean | undefined;
  /** How many answers in a row showed a transient symptom, by `busId slowdown`, `fabric` or the code of a problem. */
  readonly consecutiveAnswers: ReadonlyMap<string, number>;
  /** Why the kernel's log cannot be followed. */
  readonly kernelLogProblem?: string;
}

/** Problems of nvidia-smi that belong to the driver, and so to the condition GpuDriver. */
export const DRIVER_PROBLEMS: readonly string[] = [
  "gpu-driver-not-loaded",
  "gpu-driver-stuck",
  "gpu-driver-mismatch",
  "gpu-library-missing",
  "nvidia-smi-missing",
];
/** Problems with which nvidia-smi still lists the GPUs that it can reach, or names those that it cannot. */
const LISTING_PROBLEMS: readonly string[] = [
  ...["gpu-inforom-corrupt", "gpu-fell-off-bus", "gpu-unreachable"],
  ...["gpu-power-cable", "gpu-interrupt-lost"],
];
const LOST = { code: "gpu-lost", action: "reboot", message: "it does not answer nvidia-smi" } as const;
const NOT_DRIVEN = {
  ...{ code: "gpu-not-driven", action: "none", message: "the driver is not bound to it" },
  hint: "dmesg | grep NVRM says why: the driver is too new or too old for this GPU, or the GPU did not start.",
} as const satisfies GpuFault;

/** Whether the driver is bound to a GPU. Such a GPU that does not answer is lost. */
export function isDriven({ facts }: GpuObservation, busId: string): boolean {
  return facts.driven.some((gpu) => gpu.busId === busId);
}

/** Whether nvidia-smi has listed the GPUs that it reaches. */
export function hasListed({ gpus, unreachable, problem }: SmiAnswer): boolean {
  return problem === undefined || (LISTING_PROBLEMS.includes(problem.code) && gpus.length + unreachable.length > 0);
}

/** Finds the addresses of GPUs that are on the PCI bus and do not answer. */
export function lostGpus({ facts, answer }: GpuObservation): readonly string[] {
  if (answer === undefined || !hasListed(answer)) return [];
  // Some versions stop at the first GPU that they cannot open: the state of the others is unknown.
  if (answer.gpus.length === 0 && answer.unreachable.length > 0)
    return facts.busIds.filter((busId) => answer.unreachable.includes(busId));
  const answering = answer.gpus.filter(({ isLost }) => !isLost).map(({ busId }) => busId);
  return facts.busIds.filter((busId) => !answering.includes(busId));
}

/** Finds every fault, worst first. */
export function judgeGpus(observation: GpuObservation): readonly GpuFault[] {
  const { answer, xids } = observation;
  const fromXids = xids.filter(({ isStanding }) => isStanding).map(toFault);
  const explained = new Set(fromXids.map(({ busId }) => busId));
  const lost = lostGpus(observation)
    .filter((busId) => !explained.has(busId))
    .map((busId) => (isDriven(observation, busId) ? { ...LOST, busId } : { ...NOT_DRIVEN, busId }));
  const found = [
    ...fromXids,
    ...lost,
    ...judgeAnswer(observation),
    ...judgeFabric(observation),
    ...judgeKernelLog(observation),
    ...(answer?.gpus ?? []).flatMap((reading) => judgeReading(reading, observation.consecutiveAnswers)),
  ];
  return found.toSorted(byWeight);
}

/** A standing Xid as a fault. An SXid is a fault of all GPUs behind the switch. */
function toFault({ busId, xid, text, action, isSwitch }: Xid): GpuFault {
  if (isSwitch !== true) return { code: `gpu-xid-${xid}`, busId, message: `Xid ${xid}: ${text}`, action };
  const hint = "nvidia-smi --gpu-reset without -i resets all GPUs and NVSwitches, if nothing holds them.";
  return { code: `nvswitch-sxid-${xid}`, message: `NVSwitch ${busId}: SXid ${xid}: ${text}`, action, hint };
}

function judgeKernelLog({ kernelLogProblem }: GpuObservation): readonly GpuFault[] {
  if (kernelLogProblem === undefined) return [];
  const message = `the kernel's log cannot be followed, so faults of GPUs may be missed: ${kernelLogProblem}`;
  const hint = "Run dmesg --follow --raw by hand, as root; it is in the package util-linux.";
  return [{ code: "kernel-log-unreadable", action: "none", message, hint }];
}

/** Finds the faults of nvidia-smi itself. */
function judgeAnswer({ answer, consecutiveAnswers }: GpuObservation): readonly GpuFault[] {
  const { code = "", message = "", hint } = answer?.problem ?? {};
  const fault = (action: GpuAction) => [{ code, message, action, ...optional({ hint }) }];
  switch (code) {
    case "nvidia-smi-stuck":
    case "gpu-inforom-corrupt":
    case "gpu-interrupt-lost":
      return fault("reboot");
    case "gpu-power-cable":
      return fault("none");
    case "nvidia-smi-timeout":
      return (consecutiveAnswers.get(code) ?? 0) > 1 ? fault("reboot") : [];
    case "nvidia-smi-failed":
      return (consecutiveAnswers.get(code) ?? 0) > 1 ? fault("none") : [];
    case "gpu-fell-off-bus":
      // With an address, or with a GPU that is not listed, the GPU is reported as lost.
      return answer !== undefined && !hasListed(answer) ? fault("reboot") : [];
    default:
      return [];
  }
}

function judgeFabric({ facts, hasFabricManager, consecutiveAnswers }: GpuObservation): readonly GpuFault[] {
  if ((consecutiveAnswers.get("fabric") ?? 0) < LASTING) return [];
  const action = "none" as const;
  const hint = `systemctl enable --now nvidia-fabricmanager; its version must be the driver's, ${facts.driverVersion ?? "unknown"}.`;
  if (hasFabricManager === false)
    return [
      {
        ...{ code: "fabric-manager-missing", action, hint },
        message: `${facts.nvSwitches} NVSwitches, and no fabric manager runs: CUDA programs fail with error 802`,
      },
    ];
  const message = "the GPUs have not joined the NVLink fabric: CUDA programs fail with error 802";
  return [{ code: "gpu-fabric-not-ready", action, message, hint: `journalctl -u nvidia-fabricmanager; ${hint}` }];
}

/** Lists the symptoms of an answer that may pass by themselves: the keys of {@link GpuObservation.consecutiveAnswers}. */
export function transientSymptoms(answer: SmiAnswer, hasFabricManager: boolean | undefined): readonly string[] {
  return [
    ...answer.gpus.flatMap(transientReadings),
    ...(isFabricUnready(answer, hasFabricManager) ? ["fabric"] : []),
    ...(answer.problem === undefined ? [] : [answer.problem.code]),
  ];
}

function isFabricUnready({ gpus }: SmiAnswer, hasFabricManager: boolean | undefined): boolean {
  return (
    hasFabricManager === false ||
    gpus.some(
      ({ fabricState = "", isFabricFailed = false }) =>
        /^(in progress|not started)$/i.test(fabricState) || (/^completed$/i.test(fabricState) && isFabricFailed),
    )
  );
}

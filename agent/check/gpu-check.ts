// One round over the GPUs: what the daemon's conditions would report, without waiting for transient symptoms to pass.

import { describe } from "../errors.ts";
import { type GpuObservation, judgeGpus, transientSymptoms } from "../gpu/gpu-faults.ts";
import { GPU_CONDITIONS, reportGpus } from "../gpu/gpu-report.ts";
import type { Host } from "../host/host.ts";
import { createDriverReader } from "../nvidia/driver-reader.ts";
import { createFabricManagerReader } from "../nvidia/fabric-manager.ts";
import { NvidiaSmi, type SmiAnswer } from "../nvidia/nvidia-smi.ts";
import type { GpuReading } from "../nvidia/nvidia-smi-output.ts";
import { KernelMessages } from "../xid/xid.ts";
import { applyPolicy, type XidPolicy } from "../xid/xid-policy.ts";
import { XidRecord } from "../xid/xid-record.ts";
import { type Check, type Finding, fail, local, ok, unknown, warn } from "./check.ts";

/** Together with the grace period of a kill it is shorter than a check's deadline. */
const SMI_TIMEOUT_SECONDS = 5;
const DMESG_TIMEOUT_SECONDS = 5;
const DRIVER_LIMIT_MS = 4000;
const NOTHING_SEEN = { answer: undefined, xids: [], hasFabricManager: undefined, consecutiveAnswers: new Map() };

export const GPU_CHECK: Check = local({
  name: "gpu",
  checks: "NVIDIA's driver is loaded, and every GPU answers and has no fault",
  run: async ({ host }, { gpu }) => {
    const observation = gpu.mode === "off" ? undefined : await readObservation(host, gpu.xids);
    const faults = observation === undefined ? [] : judgeGpus(observation);
    const reports = reportGpus(gpu.mode, observation, faults);
    const failing = GPU_CONDITIONS.find((type) => reports[type].status === "False");
    if (failing !== undefined) {
      const { message, hint = "eks-satellite status." } = reports[failing];
      // A machine works without a driver or with slow GPUs, but not with a driver that hangs.
      const isWorking = faults.every(({ action }) => action === "none") && !isDriverStuck(observation);
      const isDispensable = failing === "GpuHealthy" || (failing === "GpuDriver" && gpu.mode !== "required");
      return isWorking && isDispensable ? warn(message, hint) : fail(message, hint);
    }
    const undecided = GPU_CONDITIONS.find((type) => reports[type].status === "Unknown");
    if (undecided !== undefined) return unknown(reports[undecided].message, "Run nvidia-smi by hand.");
    return describeGood(observation);
  },
});

function isDriverStuck(observation: GpuObservation | undefined): boolean {
  return observation?.answer?.problem?.code === "gpu-driver-stuck";
}

function describeGood(observation: GpuObservation | undefined): Finding {
  if (observation === undefined) return ok("gpu.mode is off");
  const { facts, answer } = observation;
  if (facts.busIds.length === 0) return ok("no NVIDIA GPU on the PCI bus");
  const products = [...new Set((answer?.gpus ?? []).map(({ product }) => product ?? "GPU"))];
  const evidence = `${facts.busIds.length} × ${products.join(", ")}, driver ${facts.driverVersion}, no fault`;
  const [first] = WEAKNESSES.flatMap(({ isSeen, what, hint }) => {
    const seen = (answer?.gpus ?? []).filter(isSeen).map(({ busId }) => busId);
    return seen.length === 0 ? [] : [warn(`${evidence}; ${what}: ${seen.join(", ")}`, hint)];
  });
  return first ?? ok(evidence);
}

interface Weakness {
  readonly isSeen: (gpu: GpuReading) => boolean;
  readonly what: string;
  readonly hint: string;
}

/** What is no fault, and still not as it should be. */
const WEAKNESSES: readonly Weakness[] = [
  {
    isSeen: ({ isPersistent }) => isPersistent === false,
    what: "persistence mode is off: each query of an idle GPU initializes it first, which takes seconds",
    hint: "systemctl enable --now nvidia-persistenced.",
  },
  {
    isSeen: ({ isMigPending, isEccPending }) => isMigPending === true || isEccPending === true,
    what: "another MIG or ECC mode waits for a reset",
    hint: "nvidia-smi --gpu-reset, or systemctl reboot, when no pod uses the GPUs.",
  },
  {
    isSeen: ({ pcieWidth = 0, pcieMaxWidth = 0 }) => pcieWidth > 0 && pcieWidth < pcieMaxWidth,
    what: "fewer lanes of PCIe are in use than GPU and slot can use",
    hint: "nvidia-smi -q -d PCIE. Where it is not the machine's design, have the GPU seated again.",
  },
];

/** Observes the GPUs once. Nothing in it waits longer than a check may. @throws file-unreadable */
export async function readObservation(host: Host, policy: XidPolicy = {}): Promise<GpuObservation> {
  const { facts, problem } = await createDriverReader(host, DRIVER_LIMIT_MS)();
  if (facts.busIds.length === 0) return { facts, ...NOTHING_SEEN };
  const { driverVersion } = facts;
  if (problem !== undefined) return { facts, ...NOTHING_SEEN, answer: { gpus: [], unreachable: [], problem } };
  const [answer, hasFabricManager, kernelLog] = await Promise.all([
    driverVersion === undefined ? undefined : querySmi(host, driverVersion),
    facts.nvSwitches === 0 || driverVersion === undefined ? undefined : createFabricManagerReader(host)(),
    readKernelLog(host, policy),
  ]);
  const consecutiveAnswers = answer === undefined ? new Map() : lasting(answer, hasFabricManager);
  return { facts, answer, hasFabricManager, ...kernelLog, consecutiveAnswers };
}

function querySmi(host: Host, driverVersion: string): Promise<SmiAnswer> {
  return new NvidiaSmi({ host, timeoutSeconds: SMI_TIMEOUT_SECONDS }).query(driverVersion);
}

/** The daemon waits whether a symptom lasts; a check reports the current state at once. */
function lasting(answer: SmiAnswer, hasFabricManager: boolean | undefined): ReadonlyMap<string, number> {
  return new Map(transientSymptoms(answer, hasFabricManager).map((symptom) => [symptom, Number.POSITIVE_INFINITY]));
}

async function readKernelLog(
  host: Host,
  policy: XidPolicy,
): Promise<Pick<GpuObservation, "xids" | "kernelLogProblem">> {
  const messages = new KernelMessages();
  const record = new XidRecord();
  try {
    const { exitCode, stdout, stderr } = await host.run("dmesg", ["--raw"], { timeoutSeconds: DMESG_TIMEOUT_SECONDS });
    for (const text of stdout.split("\n")) {
      const line = messages.read(text);
      if (line !== undefined) record.take(applyPolicy(line, policy));
    }
    if (exitCode === 0 || host.userId !== 0) return { xids: record.list() }; // Not root: the kernel's log cannot be read.
    return { xids: record.list(), kernelLogProblem: `dmesg exited with ${exitCode}: ${stderr.trim().slice(-200)}` };
  } catch (error) {
    return { xids: [], kernelLogProblem: describe(error).message };
  }
}

// Observation and faults of the GPUs as conditions: GpuDriver, GpusPresent, GpuHealthy. Pure; `check` reports the same as the daemon.
import type { ConditionType } from "../board/condition-types.ts";
import { type Report, reportOf } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { ADVICE, type GpuFault } from "./gpu-fault.ts";
import { DRIVER_PROBLEMS, type GpuObservation, hasListed, isDriven, lostGpus } from "./gpu-faults.ts";

export const GPU_CONDITIONS = ["GpuDriver", "GpusPresent", "GpuHealthy"] as const satisfies readonly ConditionType[];

/** A report for each condition of GPUs. */
export type GpuReports = Readonly<Record<(typeof GPU_CONDITIONS)[number], Report>>;

/** Number of faults that are described; the others are counted. */
const MAX_DESCRIBED = 3;

/** The conditions that decide /readyz in addition: a machine that must have GPUs is ready only with them. */
export function criticalGpuConditions({ gpu }: Config): readonly ConditionType[] {
  return gpu.mode === "required" ? GPU_CONDITIONS : [];
}

/** Renders the conditions of an observation and its faults, worst first; undefined means that GPUs are not observed. */
export function reportGpus(
  mode: Config["gpu"]["mode"],
  observation: GpuObservation | undefined,
  faults: readonly GpuFault[],
): GpuReports {
  if (observation === undefined) return allQuiet("Off", "gpu.mode is off");
  const { facts, answer } = observation;
  if (facts.busIds.length === 0) {
    const quiet = allQuiet("NoGpu", "there is no NVIDIA GPU on the PCI bus");
    return mode === "required" ? { ...quiet, GpusPresent: failure(noGpuError()) } : quiet;
  }
  const problem = driverProblem(observation, faults);
  if (problem !== undefined) {
    const unknown = {
      status: "Unknown",
      reason: "NoDriver",
      message: "without the driver the state is unknown",
    } as const;
    const [worst] = faults;
    const health = worst === undefined ? unknown : reportHealth(observation, faults);
    return { GpuDriver: failure(problem), GpusPresent: unknown, GpuHealthy: health };
  }
  const cuda = answer?.cudaVersion === undefined ? "" : `, CUDA up to ${answer.cudaVersion}`;
  return {
    GpuDriver: { status: "True", reason: "Loaded", message: `driver ${facts.driverVersion}${cuda}` },
    GpusPresent: reportPresence(observation, faults),
    GpuHealthy: reportHealth(observation, faults),
  };
}

/** Finds why the driver cannot be used; undefined when it can. */
function driverProblem({ facts, answer }: GpuObservation, faults: readonly GpuFault[]): SatelliteError | undefined {
  const { problem } = answer ?? {};
  if (problem !== undefined && DRIVER_PROBLEMS.includes(problem.code)) return problem;
  if (facts.driverVersion === undefined) {
    const why = faults.find(
      ({ busId, action }) => busId !== undefined && facts.busIds.includes(busId) && action !== "none",
    );
    if (why !== undefined)
      return new SatelliteError(
        "gpu-driver-missing",
        `${countGpus(facts.busIds.length)}, and no driver is loaded: ${describeFault(why)}`,
        { hint: adviseOn(why) },
      );
    return new SatelliteError("gpu-driver-missing", `${countGpus(facts.busIds.length)}, and no driver is loaded`, {
      hint: "Install NVIDIA's driver (apt-get install nvidia-driver-…-server), and reboot; modprobe nvidia when it is installed.",
    });
  }
  return undefined;
}

function noGpuError(): SatelliteError {
  return new SatelliteError("gpu-missing", "gpu.mode is required, and there is no NVIDIA GPU on the PCI bus", {
    hint: "lspci -d 10de: shows what the machine sees; on a machine without GPUs, set gpu.mode: auto.",
  });
}

function reportPresence(observation: GpuObservation, faults: readonly GpuFault[]): Report {
  const { facts, answer } = observation;
  const total = facts.busIds.length;
  if (answer === undefined || !hasListed(answer)) return { ...reportOf(answer?.problem), status: "Unknown" };
  const lost = lostGpus(observation);
  if (lost.length === 0) {
    const products = [...new Set(answer.gpus.map(({ product }) => product ?? "GPU"))];
    return { status: "True", reason: "Present", message: `${total} × ${products.join(", ")}` };
  }
  const why = faults.find(({ busId }) => busId !== undefined && lost.includes(busId));
  const message = `${lost.length} of ${countGpus(total)} not answering: ${lost.join(", ")}`;
  const hint = adviseOn(why ?? { code: "gpu-lost", message, action: "reboot" });
  const code = lost.some((busId) => isDriven(observation, busId)) ? "gpu-lost" : "gpu-not-driven";
  return failure(new SatelliteError(code, why === undefined ? message : `${message} (${why.message})`, { hint }));
}

function reportHealth({ facts, answer }: GpuObservation, faults: readonly GpuFault[]): Report {
  const [worst] = faults;
  if (worst === undefined && (answer === undefined || !hasListed(answer)))
    return { ...reportOf(answer?.problem), status: "Unknown" };
  if (worst === undefined)
    return { status: "True", reason: "Healthy", message: `no fault on ${countGpus(facts.busIds.length)}` };
  const described = faults.slice(0, MAX_DESCRIBED).map(describeFault);
  const more = faults.length > MAX_DESCRIBED ? [`and ${faults.length - MAX_DESCRIBED} more`] : [];
  return failure(new SatelliteError(worst.code, [...described, ...more].join("; "), { hint: adviseOn(worst) }));
}

/** Describes a fault in one sentence. */
export function describeFault({ busId, message }: GpuFault): string {
  return busId === undefined ? message : `GPU ${busId}: ${message}`;
}

/** Renders the suggested action, and what else to do. */
export function adviseOn({ action, hint, busId }: GpuFault): string {
  const advice = ADVICE[action].replace("ADDRESS", busId ?? "ADDRESS");
  return hint === undefined ? advice : `${advice} ${hint}`;
}

/** Conditions of GPUs that a machine does not have are not shown. */
function allQuiet(reason: string, message: string): GpuReports {
  const report: Report = { status: "True", reason, message, isQuiet: true };
  return { GpuDriver: report, GpusPresent: report, GpuHealthy: report };
}

function failure(error: SatelliteError): Report {
  return { ...reportOf(error), status: "False" };
}

function countGpus(count: number): string {
  return count === 1 ? "1 GPU" : `${count} GPUs`;
}

// Whether pods can use the GPUs: containerd's runtime `nvidia` and the CDI specification, as the condition GpuRuntimeConfigured.
import { type ConditionBoard, type Report, reportOf } from "../conditions.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import type { GpuFacts } from "../facts/gpu.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { readChosenRuntime } from "../plan/containerd-config.ts";
import { readNvidiaSetup } from "../plan/containerd-nvidia.ts";

import { type CdiOwner, CdiSpec } from "../supervise/cdi-spec.ts";

export interface GpuRuntimeOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  /** containerd as last read; undefined until then. */
  readonly containerd: () => ContainerdFacts | undefined;
}

/** Keeps the CDI specification, and reports. */
export class GpuRuntime {
  readonly #options: GpuRuntimeOptions;
  readonly #cdi: CdiSpec;

  constructor(options: GpuRuntimeOptions) {
    const { host, log, config } = options;
    this.#options = options;
    this.#cdi = new CdiSpec({ host, log, runFolder: config.runFolder });
  }

  /** Looks once; without GPUs it does nothing. */
  async round(facts: GpuFacts | undefined): Promise<void> {
    const { board, containerd } = this.#options;
    const found = containerd();
    const report = reportRuntime(facts, found);
    if (report.status !== "True" || report.isQuiet === true) return board.set("GpuRuntimeConfigured", report);
    try {
      const owner = await this.#keepSpec(facts, found?.nvidia?.ctk);
      const cdi = owner === undefined ? "no CDI specification" : `CDI specification kept by ${owner}`;
      board.set("GpuRuntimeConfigured", { ...report, message: `${report.message}; ${cdi}` });
    } catch (error) {
      board.setFailed("GpuRuntimeConfigured", error);
    }
  }

  /** A specification names the driver's files: without a driver, or without the tool, there is none to write. */
  async #keepSpec(facts: GpuFacts | undefined, ctk: string | undefined): Promise<CdiOwner | undefined> {
    if (facts?.driverVersion === undefined || ctk === undefined) return undefined;
    return this.#cdi.keep(ctk, JSON.stringify([facts.driverVersion, facts.busIds]));
  }
}

/** What containerd's configuration says of runtime `nvidia`; facts are undefined when nobody is to look at GPUs. */
export function reportRuntime(facts: GpuFacts | undefined, containerd: ContainerdFacts | undefined): Report {
  if (facts === undefined) return quiet("Off", "gpu.mode is off");
  if (facts.busIds.length === 0) return quiet("NoGpu", "there is no NVIDIA GPU on the PCI bus");
  if (containerd === undefined)
    return { status: "Unknown", reason: "NotRead", message: "containerd's configuration has not been read yet" };
  const { binary, isDefault } = readNvidiaSetup(readChosenRuntime(containerd));
  const { runtime, missing = [] } = containerd.nvidia ?? {};
  if (binary !== undefined && !missing.includes(binary)) {
    const words = isDefault ? "runs pods" : "runs pods of runtime class nvidia";
    return { status: "True", reason: "Configured", message: `containerd ${words} with ${binary}` };
  }
  if (runtime !== undefined)
    return { status: "Unknown", reason: "NotConfiguredYet", message: `${runtime} comes with the next round` };
  const gone = binary === undefined ? "" : `: ${binary}, which containerd is configured for, is gone`;
  return failure(
    new SatelliteError(
      "nvidia-runtime-missing",
      `there is no nvidia-container-runtime, so no pod can use a GPU${gone}`,
      {
        hint: "Install NVIDIA's container toolkit (apt-get install nvidia-container-toolkit), or let GPU Operator bring it; containerd is configured for it by itself.",
      },
    ),
  );
}

function quiet(reason: string, message: string): Report {
  return { status: "True", reason, message, isQuiet: true };
}

function failure(error: SatelliteError): Report {
  return { ...reportOf(error), status: "False" };
}

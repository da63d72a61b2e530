// Whether pods can use the GPUs: containerd's runtime `nvidia` and the CDI specification, as the condition GpuRuntimeConfigured.
import { type ConditionBoard, type Report, reportOf } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import type { GpuFacts } from "../facts/gpu.ts";
import { isGpuOperators } from "../facts/nvidia-toolkit.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { describeNvidiaDevices } from "../nvidia/nvidia-devices.ts";
import { readSetup } from "../plan/containerd-config.ts";
import { describeSetupChange, NVIDIA_RUNTIME, type NvidiaSetup } from "../plan/containerd-nvidia.ts";
import { isoTime } from "../time.ts";
import { type CdiOwner, CdiSpec } from "./cdi-spec.ts";

/** How pods get GPUs, for /status and /metrics. */
export interface GpuRuntimeView extends NvidiaSetup {
  /** Who keeps the CDI specification; undefined where there is none. */
  readonly cdiOwner?: CdiOwner;
}

export interface GpuRuntimeOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  /** The last facts of containerd; undefined before the first. */
  readonly containerd: () => ContainerdFacts | undefined;
  readonly emit?: (event: GpuRuntimeEvent) => void;
}

/** containerd's setup for GPUs has changed, whatever changed it. The message has both values. */
export type GpuRuntimeEvent = { readonly kind: "gpu-runtime-changed"; readonly message: string };

/** nvidia-ctk asks the driver, which may hang. A round goes on without it after this time. */
const PATIENCE_MS = 3000;

type SpecReport = Report | { readonly owner: CdiOwner | undefined };

/** Keeps the CDI specification, and reports GpuRuntimeConfigured. */
export class GpuRuntime {
  readonly #options: GpuRuntimeOptions;
  readonly #cdi: CdiSpec;
  #keeping: { readonly result: Promise<SpecReport>; readonly sinceMs: number } | undefined;
  #setup: NvidiaSetup | undefined;
  #view: GpuRuntimeView | undefined;

  constructor(options: GpuRuntimeOptions) {
    const { host, log, config } = options;
    this.#options = options;
    this.#cdi = new CdiSpec({ host, log, runFolder: config.runFolder });
  }

  /** The last state; undefined without GPUs. */
  view(): GpuRuntimeView | undefined {
    return this.#view;
  }

  /** Runs one round. Without GPUs it only reports that there are none. */
  async round(facts: GpuFacts | undefined): Promise<void> {
    const { board, containerd } = this.#options;
    const found = containerd();
    const report = reportRuntime(facts, found);
    const publish = (shown: Report, view?: GpuRuntimeView) => {
      this.#view = view;
      board.set("GpuRuntimeConfigured", shown);
    };
    if (report.isQuiet === true || found === undefined || facts === undefined) return publish(report);
    const setup = this.#noteSetup(found);
    if (report.status !== "True") return publish(report, setup);
    const spec = await this.#keepSpec(facts, found, setup);
    if ("status" in spec) return publish(spec, setup);
    const { owner } = spec;
    const words = owner === undefined ? "no CDI specification" : `CDI specification kept by ${owner}`;
    const view = owner === undefined ? setup : { ...setup, cdiOwner: owner };
    publish({ ...report, message: `${report.message}; ${words}` }, view);
  }

  #noteSetup(found: ContainerdFacts): NvidiaSetup {
    const setup = readSetup(found);
    const words = this.#setup === undefined ? undefined : describeSetupChange(this.#setup, setup);
    this.#setup = setup;
    if (words === undefined) return setup;
    this.#options.log.info(
      { file: this.#options.config.containerd.configFile },
      `containerd's setup for GPUs: ${words}`,
    );
    this.#options.emit?.({ kind: "gpu-runtime-changed", message: words });
    return setup;
  }

  /** Keeps the specification, which names the driver's files: without driver or nvidia-ctk there is none to write. */
  async #keepSpec(facts: GpuFacts, { nvidia }: ContainerdFacts, { binary }: NvidiaSetup): Promise<SpecReport> {
    const { host } = this.#options;
    const key = await describeNvidiaDevices(host, facts);
    if (key === undefined) return { owner: undefined };
    const { ctk } = nvidia ?? {};
    if (ctk === undefined) return { owner: isGpuOperators(binary) ? "GPU Operator" : undefined };
    this.#keeping ??= { result: this.#keep(ctk, key), sinceMs: host.clock.now() };
    const { result, sinceMs } = this.#keeping;
    const patience = new AbortController();
    const late: Report = {
      status: "Unknown",
      reason: "CdiSpecPending",
      message: `${ctk} has not ended since ${isoTime(sinceMs)}`,
    };
    const outcome = await Promise.race([
      result,
      host.clock.sleep(PATIENCE_MS, patience.signal).then(
        () => late,
        () => late, // The race is over.
      ),
    ]);
    patience.abort();
    return outcome;
  }

  async #keep(ctk: string, key: string): Promise<SpecReport> {
    try {
      return { owner: await this.#cdi.keep(ctk, key) };
    } catch (error) {
      return failure(error);
    } finally {
      this.#keeping = undefined;
    }
  }
}

/** Reports containerd's runtime `nvidia`. Facts are undefined when GPUs are not observed. */
export function reportRuntime(facts: GpuFacts | undefined, containerd: ContainerdFacts | undefined): Report {
  if (facts === undefined) return quiet("Off", "gpu.mode is off");
  if (facts.busIds.length === 0) return quiet("NoGpu", "there is no NVIDIA GPU on the PCI bus");
  if (containerd === undefined)
    return { status: "Unknown", reason: "NotRead", message: "containerd's configuration has not been read yet" };
  const { binary, defaultRuntime } = readSetup(containerd);
  const { runtime, missing = [] } = containerd.nvidia ?? {};
  if (binary !== undefined && !missing.includes(binary)) {
    const words = defaultRuntime === NVIDIA_RUNTIME ? "runs pods" : "runs pods of runtime class nvidia";
    return { status: "True", reason: "Configured", message: `containerd ${words} with ${binary}` };
  }
  if (runtime !== undefined)
    return {
      status: "Unknown",
      reason: "NotConfiguredYet",
      message: `containerd has no runtime nvidia yet; ${runtime} is installed, and ConfigInSync says what is missing`,
    };
  const gone = binary === undefined ? "" : `: ${binary}, which containerd is configured for, is gone`;
  return failure(
    new SatelliteError(
      "nvidia-runtime-missing",
      `there is no nvidia-container-runtime, so no pod can use a GPU${gone}`,
      {
        hint: "Install NVIDIA's container toolkit (apt-get install nvidia-container-toolkit), or let GPU Operator install it; the daemon then configures containerd.",
      },
    ),
  );
}

function quiet(reason: string, message: string): Report {
  return { status: "True", reason, message, isQuiet: true };
}

function failure(error: unknown): Report {
  return { ...reportOf(error), status: "False" };
}

// Watches the GPUs: sysfs, nvidia-smi and the kernel's log become three conditions and a view.
import type { ConditionBoard } from "../board/conditions.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { type GpuFacts, PCI_DEVICES } from "../facts/gpu.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { createDriverReader, type DriverReading } from "../nvidia/driver-reader.ts";
import { createFabricManagerReader } from "../nvidia/fabric-manager.ts";
import { NvidiaSmi, type SmiAnswer } from "../nvidia/nvidia-smi.ts";
import type { GpuReading } from "../nvidia/nvidia-smi-output.ts";
import { optional } from "../optional.ts";
import type { XidPolicy } from "../xid/xid-policy.ts";
import type { Xid } from "../xid/xid-record.ts";
import type { GpuFault } from "./gpu-fault.ts";
import { type GpuObservation, judgeGpus, transientSymptoms } from "./gpu-faults.ts";
import { GpuHistory } from "./gpu-history.ts";
import { GpuMessages } from "./gpu-messages.ts";
import { GPU_CONDITIONS, reportGpus } from "./gpu-report.ts";
import type { GpuRuntimeView } from "./gpu-runtime.ts";

/** One GPU, for /status and /metrics. */
export interface GpuState {
  readonly busId: string;
  readonly uuid?: string;
  readonly product?: string;
  /** Undefined while it does not answer nvidia-smi. */
  readonly reading?: GpuReading;
  readonly faults: readonly GpuFault[];
  readonly xids: readonly Xid[];
}

/** The last observation of the GPUs. */
export interface GpuView {
  readonly facts: GpuFacts;
  readonly cudaVersion?: string;
  readonly gpus: readonly GpuState[];
  /** Faults that are not of one GPU, worst first. */
  readonly machineFaults?: readonly GpuFault[];
  /** SXids of this boot, of every NVSwitch. */
  readonly switchEvents?: readonly Xid[];
  /** Xids that `gpu.xids` takes for no fault; absent where it names none. */
  readonly xidPolicy?: XidPolicy;
  /** How pods get them. */
  readonly runtime?: GpuRuntimeView;
  /** Whether the Node is cordoned because of their faults. */
  readonly isCordoned?: boolean;
}

export interface GpuWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Faults were judged; `isDecided` is false while not every GPU has been seen to be well or not. */
  readonly onJudged?: (faults: readonly GpuFault[], isDecided: boolean) => void;
}

const SMI_TIMEOUT_SECONDS = 20;
/** A busy machine may give one such answer. The previous observation stands until the second. */
const TRANSIENT: readonly string[] = ["nvidia-smi-timeout", "nvidia-smi-failed"];
/** The rest of an observation without any answer of nvidia-smi. */
const NOTHING_ANSWERED = { answer: undefined, xids: [], hasFabricManager: undefined, consecutiveAnswers: new Map() };

/** Observes the GPUs. A machine without GPUs costs only a read of the PCI bus. */
export class GpuWatch {
  readonly history: GpuHistory;
  readonly #options: GpuWatchOptions;
  readonly #smi: NvidiaSmi;
  readonly #hasFabricManager: () => Promise<boolean>;
  readonly #messages: GpuMessages;
  readonly #readDriver: () => Promise<DriverReading>;
  #consecutiveAnswers: ReadonlyMap<string, number> = new Map();
  #lastAnswer: SmiAnswer | undefined;
  #observation: GpuObservation | undefined;
  #faults: readonly GpuFault[] = [];
  #uuids: ReadonlyMap<string, string> = new Map();

  constructor(options: GpuWatchOptions) {
    const { host, config, log, signal } = options;
    this.#options = options;
    this.#messages = new GpuMessages({ host, log, signal, policy: config.gpu.xids, onNews: () => this.#onNews() });
    this.#smi = new NvidiaSmi({ host, timeoutSeconds: SMI_TIMEOUT_SECONDS });
    this.#readDriver = createDriverReader(host);
    this.#hasFabricManager = createFabricManagerReader(host);
    this.history = new GpuHistory(host, statePaths(config.stateFolder).gpu, log);
  }

  /** Ends when the kernel's log is no longer followed. */
  get following(): Promise<void> | undefined {
    return this.#messages.following;
  }

  /** The last observation; undefined before the first round. */
  view(): GpuView | undefined {
    if (this.#observation === undefined) return undefined;
    const { facts, answer } = this.#observation;
    const xids = this.#messages.list();
    const cudaVersion = answer?.cudaVersion;
    const { xids: policy } = this.#options.config.gpu;
    const xidPolicy = Object.keys(policy).length === 0 ? undefined : policy;
    return {
      facts,
      ...optional({ cudaVersion, xidPolicy }),
      gpus: facts.busIds.map((busId) => this.#stateOf(busId, answer, xids)),
      machineFaults: this.#faults.filter(({ busId }) => busId === undefined),
      switchEvents: xids.filter(({ isSwitch }) => isSwitch === true),
    };
  }

  /** Observes once, and reports. @throws file-unreadable */
  async round(): Promise<void> {
    const { config } = this.#options;
    await this.history.load();
    const read = config.gpu.mode === "off" ? undefined : await this.#readDriver();
    const facts = read && (await this.#withVanished(read.facts));
    if (facts === undefined || facts.busIds.length === 0) {
      this.#faults = [];
      this.#observation = facts && { facts, ...NOTHING_ANSWERED };
      this.#publish();
      return;
    }
    await this.#messages.follow();
    const [answer, hasFabricManager] = await Promise.all([
      read?.problem === undefined ? this.#query(facts) : { gpus: [], unreachable: [], problem: read.problem },
      facts.nvSwitches === 0 || facts.driverVersion === undefined ? undefined : this.#hasFabricManager(),
    ]);
    this.#countConsecutive(answer, hasFabricManager);
    this.#rememberUuids(facts, answer);
    const shown = this.#isTransient(answer) ? this.#observation?.answer : answer;
    this.#observation = {
      facts,
      answer: shown,
      xids: this.#messages.list(),
      hasFabricManager,
      consecutiveAnswers: this.#consecutiveAnswers,
      ...optional({ kernelLogProblem: this.#messages.problem }),
    };
    await this.#report();
  }

  async #query({ driverVersion }: GpuFacts): Promise<SmiAnswer | undefined> {
    return driverVersion === undefined ? undefined : this.#smi.query(driverVersion);
  }

  /** Judges the observation, and remembers the faults that a reboot should repair. */
  async #report(): Promise<void> {
    if (this.#observation === undefined) return;
    const judged = judgeGpus(this.#observation);
    // The order matters: a fault of this boot counts as one of the three.
    await this.history.note(judged.filter(isRepairable).map((fault) => this.#keyOf(fault)));
    this.#faults = judged.map((fault) => this.#escalate(fault));
    this.#publish();
  }

  #publish(): void {
    const { board, config, onJudged } = this.#options;
    const reports = reportGpus(config.gpu.mode, this.#observation, this.#faults);
    for (const type of GPU_CONDITIONS) board.set(type, reports[type]);
    const { GpuDriver, GpusPresent, GpuHealthy } = reports;
    const isSeen = GpuDriver.status === "True" && GpusPresent.status === "True";
    onJudged?.(this.#faults, isSeen && GpuHealthy.status !== "Unknown");
  }

  #escalate(fault: GpuFault): GpuFault {
    if (!isRepairable(fault) || !this.history.isHardware(this.#keyOf(fault))) return fault;
    return { ...fault, action: "replace", message: `${fault.message}; it has returned after two reboots` };
  }

  #keyOf({ busId, code }: GpuFault): string {
    return `${busId === undefined ? "machine" : (this.#uuids.get(busId) ?? busId)} ${code}`;
  }

  #stateOf(busId: string, answer: SmiAnswer | undefined, xids: readonly Xid[]): GpuState {
    const reading = answer?.gpus.find((gpu) => gpu.busId === busId && !gpu.isLost);
    const driven = this.#observation?.facts.driven.find((gpu) => gpu.busId === busId);
    const uuid = this.#uuids.get(busId);
    const product = reading?.product ?? driven?.product;
    return {
      busId,
      ...optional({ uuid, product, reading }),
      faults: this.#faults.filter((fault) => fault.busId === busId),
      xids: xids.filter((xid) => xid.busId === busId && xid.isSwitch !== true),
    };
  }

  /** Remembers uuids, because a lost GPU is no longer listed. */
  #rememberUuids({ driven, busIds }: GpuFacts, answer: SmiAnswer | undefined): void {
    const known = [...driven, ...(answer?.gpus ?? [])].flatMap(({ busId, uuid }) =>
      uuid === undefined || !busIds.includes(busId) ? [] : [[busId, uuid] as const],
    );
    this.#uuids = new Map([...this.#uuids, ...known]);
  }

  /** Adds the GPUs that the kernel has removed from the bus: they are lost. A GPU of a virtual machine is still on the bus. */
  async #withVanished(facts: GpuFacts): Promise<GpuFacts> {
    const { files } = this.#options.host;
    const { busIds = [], driven = [] } = this.#observation?.facts ?? {};
    const missing = busIds.filter((busId) => !facts.busIds.includes(busId));
    const found = await Promise.all(missing.map((busId) => files.status(`${PCI_DEVICES}/${busId}/vendor`)));
    const vanished = missing.filter((_, index) => found[index] === undefined);
    const own = facts.driven.filter(({ busId }) => !vanished.includes(busId));
    return {
      ...facts,
      busIds: [...facts.busIds, ...vanished].toSorted(),
      driven: [...own, ...driven.filter(({ busId }) => vanished.includes(busId))],
    };
  }

  /** Counts symptoms in consecutive answers. The same answer is not counted twice. */
  #countConsecutive(answer: SmiAnswer | undefined, hasFabricManager: boolean | undefined): void {
    if (answer === undefined || answer === this.#lastAnswer) return;
    this.#lastAnswer = answer;
    const symptoms = transientSymptoms(answer, hasFabricManager);
    this.#consecutiveAnswers = new Map(symptoms.map((what) => [what, (this.#consecutiveAnswers.get(what) ?? 0) + 1]));
  }

  #isTransient(answer: SmiAnswer | undefined): boolean {
    const code = answer?.problem?.code ?? "";
    const isFirst = (this.#consecutiveAnswers.get(code) ?? 0) < 2;
    return TRANSIENT.includes(code) && isFirst && this.#observation?.answer !== undefined;
  }

  /** Reports a fault at once, because nvidia-smi may hang from now on. */
  #onNews(): void {
    if (this.#observation === undefined) return;
    this.#observation = { ...this.#observation, xids: this.#messages.list() };
    this.#report().catch((err: unknown) => this.#options.log.error({ err }, "a GPU's fault was not reported"));
  }
}

/** Whether a reset or a reboot should end the fault. */
function isRepairable({ action }: GpuFault): boolean {
  return action === "reset-the-gpu" || action === "reboot";
}

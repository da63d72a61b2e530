// Watches the GPUs: sysfs, nvidia-smi and the kernel's log become three conditions and a view.
import type { ConditionBoard } from "../board/conditions.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { type GpuFacts, PCI_DEVICES, readGpus } from "../facts/gpu.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { followKernelLog } from "../xid/kernel-log.ts";
import { KERNEL_TOKEN, parseKernelLine } from "../xid/xid.ts";
import { type Xid, XidRecord } from "../xid/xid-record.ts";
import { createFabricManagerReader } from "./fabric-manager.ts";
import { type GpuFault, type GpuObservation, judgeGpus, transientSymptoms } from "./gpu-faults.ts";
import { GpuHistory } from "./gpu-history.ts";
import { GPU_CONDITIONS, reportGpus } from "./gpu-report.ts";
import type { GpuRuntimeView } from "./gpu-runtime.ts";
import { NvidiaSmi, type SmiAnswer } from "./nvidia-smi.ts";
import type { GpuReading } from "./nvidia-smi-output.ts";

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
/** An application's Xid is logged once in this time. */
const QUIET_MS = 10 * 60_000;
/** The rest of an observation without any answer of nvidia-smi. */
const NOTHING_ANSWERED = { answer: undefined, xids: [], hasFabricManager: undefined, consecutiveAnswers: new Map() };

/** Observes the GPUs. A machine without GPUs costs only a read of the PCI bus. */
export class GpuWatch {
  readonly history: GpuHistory;
  readonly #options: GpuWatchOptions;
  readonly #smi: NvidiaSmi;
  readonly #hasFabricManager: () => Promise<boolean>;
  readonly #xids = new XidRecord();
  readonly #reportedMs = new Map<string, number>();
  #consecutiveAnswers: ReadonlyMap<string, number> = new Map();
  #lastAnswer: SmiAnswer | undefined;
  #observation: GpuObservation | undefined;
  #faults: readonly GpuFault[] = [];
  #uuids: ReadonlyMap<string, string> = new Map();
  /** Ends when the kernel's log is no longer followed. */
  following: Promise<void> | undefined;
  /** When the daemon began to follow the log, seconds after the boot. */
  #startedSeconds = 0;

  constructor(options: GpuWatchOptions) {
    const { host, config, log } = options;
    this.#options = options;
    this.#smi = new NvidiaSmi({ host, timeoutSeconds: SMI_TIMEOUT_SECONDS });
    this.#hasFabricManager = createFabricManagerReader(host);
    this.history = new GpuHistory(host, statePaths(config.stateFolder).gpu, log);
  }

  /** The last observation; undefined before the first round. */
  view(): GpuView | undefined {
    if (this.#observation === undefined) return undefined;
    const { facts, answer } = this.#observation;
    const xids = this.#xids.list();
    const cudaVersion = answer?.cudaVersion;
    return {
      facts,
      ...optional({ cudaVersion }),
      gpus: facts.busIds.map((busId) => this.#stateOf(busId, answer, xids)),
    };
  }

  /** Observes once, and reports. @throws file-unreadable */
  async round(): Promise<void> {
    const { host, config } = this.#options;
    await this.history.load();
    const facts = config.gpu.mode === "off" ? undefined : await this.#withVanished(await readGpus(host));
    if (facts === undefined || facts.busIds.length === 0) {
      this.#faults = [];
      this.#observation = facts && { facts, ...NOTHING_ANSWERED };
      this.#publish();
      return;
    }
    await this.#follow();
    const [answer, hasFabricManager] = await Promise.all([
      facts.driverVersion === undefined ? undefined : this.#smi.query(facts.driverVersion),
      facts.nvSwitches === 0 || facts.driverVersion === undefined ? undefined : this.#hasFabricManager(),
    ]);
    this.#countConsecutive(answer, hasFabricManager);
    this.#rememberUuids(facts, answer);
    const shown = this.#isTransient(answer) ? this.#observation?.answer : answer;
    this.#observation = {
      facts,
      answer: shown,
      xids: this.#xids.list(),
      hasFabricManager,
      consecutiveAnswers: this.#consecutiveAnswers,
    };
    await this.#report();
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
      xids: xids.filter((xid) => xid.busId === busId),
    };
  }

  /** Remembers uuids, because a lost GPU is no longer listed. */
  #rememberUuids({ driven }: GpuFacts, answer: SmiAnswer | undefined): void {
    const known = [...driven, ...(answer?.gpus ?? [])].flatMap(({ busId, uuid }) =>
      uuid === undefined ? [] : [[busId, uuid] as const],
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

  async #follow(): Promise<void> {
    if (this.following !== undefined) return;
    const { host, log, signal } = this.#options;
    this.#startedSeconds = Number.parseFloat((await host.files.read("/proc/uptime")) ?? "0");
    const onStart = () => this.#xids.restart();
    const options = { host, log, token: KERNEL_TOKEN, onStart, onLine: (line: string) => this.#onLine(line) };
    this.following = followKernelLog(options, signal);
  }

  #onLine(text: string): void {
    const line = parseKernelLine(text);
    if (line === undefined) return;
    const xid = this.#xids.take(line);
    // An earlier run has logged what came before the daemon's start.
    if (xid?.isStanding === false && line.atSeconds >= this.#startedSeconds) this.#tell(xid);
    if (this.#observation === undefined) return;
    // A known fault is only counted until the next round: a GPU can repeat itself thousands of times a second.
    const isKnown = this.#observation.xids.some((known) => known.isStanding && isSame(known, xid));
    const isNews = line.kind !== "xid" || (xid?.isStanding === true && !isKnown);
    if (!isNews) return;
    // Reported at once, because nvidia-smi may hang from now on.
    this.#observation = { ...this.#observation, xids: this.#xids.list() };
    this.#report().catch((err: unknown) => this.#options.log.error({ err }, "a GPU's fault was not reported"));
  }

  #tell({ busId, xid, text }: Xid): void {
    const { host, log } = this.#options;
    const key = `${busId} ${xid}`;
    const now = host.clock.monotonic();
    if (now - (this.#reportedMs.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#reportedMs.set(key, now);
    log.info({ gpu: busId, xid }, `an application's fault, not the GPU's: Xid ${xid}: ${text}`);
  }
}

function isSame(one: Xid, other: Xid | undefined): boolean {
  return one.busId === other?.busId && one.xid === other.xid && one.action === other.action;
}

/** Whether a reset or a reboot should end the fault. */
function isRepairable({ action }: GpuFault): boolean {
  return action === "reset-the-gpu" || action === "reboot";
}

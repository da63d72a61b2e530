// The GPUs, watched: what the kernel shows, what nvidia-smi says and what the kernel logs become three conditions and a view.
import type { ConditionBoard } from "../board/conditions.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { type GpuFacts, PCI_DEVICES, readGpus } from "../facts/gpu.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { createFabricManagerReader } from "./fabric-manager.ts";
import { type GpuFault, type GpuObservation, judgeGpus, transientSymptoms } from "./gpu-faults.ts";
import { GpuHistory } from "./gpu-history.ts";
import { GPU_CONDITIONS, reportGpus } from "./gpu-report.ts";
import type { GpuRuntimeView } from "./gpu-runtime.ts";
import { followKernelLog } from "./kernel-log.ts";
import { NvidiaSmi, type SmiAnswer } from "./nvidia-smi.ts";
import type { GpuReading } from "./nvidia-smi-output.ts";
import { KERNEL_TOKEN, parseKernelLine } from "./xid.ts";
import { type Xid, XidRecord } from "./xid-record.ts";

/** One GPU, as /status and /metrics show it. */
export interface GpuState {
  readonly busId: string;
  readonly uuid?: string;
  readonly product?: string;
  /** Undefined while it does not answer nvidia-smi. */
  readonly reading?: GpuReading;
  readonly faults: readonly GpuFault[];
  readonly xids: readonly Xid[];
}

/** The GPUs as last seen. */
export interface GpuView {
  readonly facts: GpuFacts;
  readonly cudaVersion?: string;
  readonly gpus: readonly GpuState[];
  /** How pods get them. */
  readonly runtime?: GpuRuntimeView;
  /** Whether the Node takes no new pods for their faults. */
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
/** One answer of these may be a busy machine's: what was seen before stands until the second. */
const TRANSIENT: readonly string[] = ["nvidia-smi-timeout", "nvidia-smi-failed"];
/** An application's Xid is told once in this time. */
const QUIET_MS = 10 * 60_000;
/** What is observed of GPUs before any answer of nvidia-smi. */
const NOTHING_ANSWERED = { answer: undefined, xids: [], hasFabricManager: undefined, consecutiveAnswers: new Map() };

/** Looks at the GPUs; a machine without them costs a look at the PCI bus. */
export class GpuWatch {
  readonly history: GpuHistory;
  readonly #options: GpuWatchOptions;
  readonly #smi: NvidiaSmi;
  readonly #hasFabricManager: () => Promise<boolean>;
  readonly #xids = new XidRecord();
  readonly #toldMs = new Map<string, number>();
  #consecutiveAnswers: ReadonlyMap<string, number> = new Map();
  #lastAnswer: SmiAnswer | undefined;
  #observation: GpuObservation | undefined;
  #faults: readonly GpuFault[] = [];
  #uuids: ReadonlyMap<string, string> = new Map();
  /** Ends when the kernel's log is no longer followed. */
  following: Promise<void> | undefined;
  /** When the log began to be followed, seconds after the boot. */
  #startedSeconds = 0;

  constructor(options: GpuWatchOptions) {
    const { host, config, log } = options;
    this.#options = options;
    this.#smi = new NvidiaSmi({ host, timeoutSeconds: SMI_TIMEOUT_SECONDS });
    this.#hasFabricManager = createFabricManagerReader(host);
    this.history = new GpuHistory(host, statePaths(config.stateFolder).gpu, log);
  }

  /** The GPUs as last seen; undefined until somebody has looked. */
  view(): GpuView | undefined {
    if (this.#observation === undefined) return undefined;
    const { facts, answer } = this.#observation;
    const xids = this.#xids.list();
    const cudaVersion = answer?.cudaVersion;
    return {
      facts,
      ...(cudaVersion === undefined ? {} : { cudaVersion }),
      gpus: facts.busIds.map((busId) => this.#stateOf(busId, answer, xids)),
    };
  }

  /** Looks once, and reports. @throws file-unreadable */
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
    this.#countStreaks(answer, hasFabricManager);
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

  /** Judges what was seen, and remembers the faults that a reboot should mend. */
  async #report(): Promise<void> {
    if (this.#observation === undefined) return;
    const judged = judgeGpus(this.#observation);
    // In this order: a fault of this boot counts as one of the three.
    await this.history.note(judged.filter(isMendable).map((fault) => this.#keyOf(fault)));
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
    if (!isMendable(fault) || !this.history.isHardware(this.#keyOf(fault))) return fault;
    return { ...fault, action: "replace", message: `${fault.message}; it has come back after two reboots` };
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
      ...(uuid === undefined ? {} : { uuid }),
      ...(product === undefined ? {} : { product }),
      ...(reading === undefined ? {} : { reading }),
      faults: this.#faults.filter((fault) => fault.busId === busId),
      xids: xids.filter((xid) => xid.busId === busId),
    };
  }

  /** A GPU that is lost is not listed any more: its uuid is remembered from before. */
  #rememberUuids({ driven }: GpuFacts, answer: SmiAnswer | undefined): void {
    const known = [...driven, ...(answer?.gpus ?? [])].flatMap(({ busId, uuid }) =>
      uuid === undefined ? [] : [[busId, uuid] as const],
    );
    this.#uuids = new Map([...this.#uuids, ...known]);
  }

  /** A GPU that the kernel has taken off the bus is lost; one that was given to a virtual machine is still there, and not ours. */
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

  /** The same answer again is not a second one. */
  #countStreaks(answer: SmiAnswer | undefined, hasFabricManager: boolean | undefined): void {
    if (answer === undefined || answer === this.#lastAnswer) return;
    this.#lastAnswer = answer;
    const told = transientSymptoms(answer, hasFabricManager);
    this.#consecutiveAnswers = new Map(told.map((what) => [what, (this.#consecutiveAnswers.get(what) ?? 0) + 1]));
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
    // What came before the daemon's start was told by an earlier run, if by anybody.
    if (xid?.isStanding === false && line.atSeconds >= this.#startedSeconds) this.#tell(xid);
    if (this.#observation === undefined) return;
    // The same again is counted, and shown with the next round: a GPU can repeat itself thousands of times a second.
    const isKnown = this.#observation.xids.some((known) => known.isStanding && isSame(known, xid));
    const isNews = line.kind !== "xid" || (xid?.isStanding === true && !isKnown);
    if (!isNews) return;
    // At once: nvidia-smi may hang from here on, and is not waited for.
    this.#observation = { ...this.#observation, xids: this.#xids.list() };
    this.#report().catch((err: unknown) => this.#options.log.error({ err }, "a GPU's fault was not reported"));
  }

  #tell({ busId, xid, text }: Xid): void {
    const { host, log } = this.#options;
    const key = `${busId} ${xid}`;
    const now = host.clock.now();
    if (now - (this.#toldMs.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#toldMs.set(key, now);
    log.info({ gpu: busId, xid }, `an application's fault, not the GPU's: Xid ${xid}: ${text}`);
  }
}

function isSame(one: Xid, other: Xid | undefined): boolean {
  return one.busId === other?.busId && one.xid === other.xid && one.action === other.action;
}

/** Whether a reset or a reboot should end it. */
function isMendable({ action }: GpuFault): boolean {
  return action === "reset-the-gpu" || action === "reboot";
}

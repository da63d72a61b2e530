// What `eks-satellite check` says of this machine, on the Node: after the join, and again when program, kernel or driver have changed.
import type { ConditionBoard } from "../board/conditions.ts";
import type { NoticeEvent } from "../board/events.ts";
import { type Family, family, timestamp } from "../board/metric-family.ts";
import type { Config } from "../config/schema.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { isoTime } from "../time.ts";
import { VERSION } from "../version.ts";
import { whyDue } from "./due.ts";
import { type CheckedMachine, type CheckRecord, readCheckRecord, writeCheckRecord } from "./record.ts";
import { type CheckResult, runCheck } from "./run-check.ts";
import { renderAnnotations, renderNames, renderSummary } from "./words.ts";

export interface FitnessOptions {
  readonly host: Host;
  readonly config: Config;
  readonly configFile: string;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly signal: AbortSignal;
  /** Starts this program; undefined where it cannot be started again. */
  readonly program: readonly string[] | undefined;
  readonly api: () => NodeApi | undefined;
  /** Version of NVIDIA's driver; undefined while none is known. */
  readonly driver: () => string | undefined;
  readonly emit: (event: NoticeEvent) => void;
}

/** Whatever changes, and whatever fails: a check is not begun more often. */
const AT_MOST_EVERY_MS = 60 * 60_000;

/** The machine's fitness, as far as it is known. */
export class Fitness {
  readonly #options: FitnessOptions;
  readonly #runs = { done: 0, failed: 0 };
  #node: NodeState | undefined;
  #record: CheckRecord | undefined;
  #begunMs: number | undefined;

  constructor(options: FitnessOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier run found. */
  async restore(): Promise<void> {
    const { host, config, board } = this.#options;
    if (!this.#isWanted()) return quiet(board, "Off", "node.check is off");
    this.#record = await readCheckRecord(host, config.stateFolder);
    if (this.#record === undefined) quiet(board, "NotYet", "it is checked when its Node is Ready");
    else this.#reportRecord(this.#record);
  }

  /** Takes the current Node; undefined when the cluster has none. */
  see(node: NodeState | undefined): void {
    this.#node = node;
  }

  status() {
    if (this.#record === undefined) return {};
    const { atMs, machine, summary, findings } = this.#record;
    return { check: { at: isoTime(atMs), ...optional(machine), summary, findings } };
  }

  metrics(): readonly Family[] {
    const help = "Checks of the daemon's last `eks-satellite check`, by outcome.";
    return [
      family("gauge", "check_findings", help, () =>
        Object.entries(this.#record?.summary ?? {}).map(([outcome, value]) => ({ value, labels: { outcome } })),
      ),
      family("gauge", "check_timestamp_seconds", "When that was.", () => timestamp(this.#record?.atMs)),
      family("counter", "check_runs_total", "Runs of it; `failed` gave no result.", () =>
        Object.entries(this.#runs).map(([outcome, value]) => ({ value, labels: { outcome } })),
      ),
    ];
  }

  /** Checks the machine if that is due, and writes what is not on the Node yet. */
  async round(): Promise<void> {
    const { board } = this.#options;
    if (!this.#isWanted() || !board.isTrue("NodeReady")) return;
    await this.#checkIfDue();
    await this.#annotate();
  }

  #isWanted(): boolean {
    const { config, program } = this.#options;
    return config.node.check === "auto" && program !== undefined && program.length > 0;
  }

  async #checkIfDue(): Promise<void> {
    const { host, config, driver, log } = this.#options;
    const { kernel } = await host.systemInformation();
    const machine = { version: VERSION, kernel, ...optional({ driver: driver() }) };
    const why = whyDue(this.#record, { node: config.node.name, machine, nowMs: host.clock.now() });
    const now = host.clock.monotonic();
    if (why === undefined || (this.#begunMs !== undefined && now - this.#begunMs < AT_MOST_EVERY_MS)) return;
    this.#begunMs = now;
    log.info({ why }, "the machine is checked");
    await this.#check(machine);
  }

  async #check(machine: CheckedMachine): Promise<void> {
    const { host, config, configFile, program = [], signal, board } = this.#options;
    try {
      const result = await runCheck({ host, program, configFile, signal });
      this.#runs.done += 1;
      const record = { atMs: host.clock.now(), node: config.node.name, machine, ...result };
      this.#record = { ...record, findings: [...result.findings] };
      this.#reportRecord(this.#record);
      this.#notify(result);
      await this.#keep(this.#record);
    } catch (error) {
      if (signal.aborted) return;
      this.#runs.failed += 1;
      board.setFailed("MachineChecked", error);
    }
  }

  #reportRecord({ summary, findings }: CheckRecord): void {
    const names = renderNames(findings);
    const words = `${renderSummary(summary)}${names === "" ? "" : ` (${names})`}`;
    this.#options.board.setTrue("MachineChecked", "Checked", words);
  }

  #notify({ summary, findings }: CheckResult): void {
    const { emit } = this.#options;
    const names = renderNames(findings);
    const message = `check: ${renderSummary(summary)}${names === "" ? "" : `; ${names}`}`;
    if (summary.fail === 0) emit({ kind: "notice", type: "Normal", reason: "Checked", message });
    else
      emit({
        kind: "notice",
        type: "Warning",
        reason: "CheckFailed",
        message: `${message} → sudo eks-satellite check`,
      });
  }

  /** Without the file the next daemon checks again. */
  async #keep(record: CheckRecord): Promise<void> {
    const { host, config, log } = this.#options;
    await writeCheckRecord(host, config.stateFolder, record).catch((err: unknown) =>
      log.info({ err }, "what the check found was not kept"),
    );
  }

  /** A Node that was registered again has no annotation; one that a user has changed is written again. */
  async #annotate(): Promise<void> {
    const { config, log, api } = this.#options;
    const server = api();
    if (this.#record === undefined || this.#node === undefined || server === undefined) return;
    if (this.#record.node !== config.node.name) return;
    const annotations = renderAnnotations(this.#record);
    const { checked = {} } = this.#node;
    if (Object.entries(annotations).every(([key, value]) => (checked[key] ?? null) === value)) return;
    try {
      await server.patchAnnotations(config.node.name, annotations);
    } catch (err) {
      const { code } = describe(err);
      if (code !== "api-unreachable") log.info({ err }, "what the check found was not written to the Node");
    }
  }
}

function quiet(board: ConditionBoard, reason: "Off" | "NotYet", message: string): void {
  board.set("MachineChecked", { status: "True", reason, message, isQuiet: true });
}

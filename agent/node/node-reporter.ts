// The verdict on the Node itself, where kubectl describe shows it: a condition of our own, one for GPUs, and events. Within what
// NodeRestriction allows a node to write about itself, and sparingly: an unchanged condition is repeated every five minutes.
import type { Condition, ConditionBoard } from "../board/conditions.ts";
import { readVerdict } from "../board/verdict.ts";
import { describe } from "../errors.ts";
import { GPU_CONDITIONS } from "../gpu/gpu-report.ts";
import type { Host } from "../host/host.ts";
import type { GpuConditionState } from "../kubernetes/gpu-conditions.ts";
import type { NodeApi, NodeConditionPatch, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { findOtherOpinion } from "./other-gpu-conditions.ts";

/** Type of the Node's condition. */
export const NODE_CONDITION = "SatelliteHealthy";

/** A condition for the Node, without its times. */
type NodeConditionDraft = Omit<NodeConditionPatch, "lastHeartbeatTime" | "lastTransitionTime">;

/** Type of the Node's condition of its GPUs. */
const GPU_NODE_CONDITION = "GpuHealthy";
const SILENT_REASONS = ["NoGpu", "Off"];

const HEARTBEAT_MS = 5 * 60_000;
/** The same event again within this time is left out: the condition still says it. */
const QUIET_MS = 10 * 60_000;
/** While the API server is away the oldest events give way. */
const MAX_QUEUED = 20;
/** Kubernetes' limit of an event's message (validation, NoteLengthLimit). */
const MAX_MESSAGE_LENGTH = 1024;

export interface NodeReporterOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly name: string;
  readonly api: () => NodeApi | undefined;
}

interface QueuedEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

interface Sent {
  readonly status: string;
  readonly reason: string;
  /** By the monotonic clock. */
  readonly sentMs: number;
  readonly sinceMs: number;
}

/** Writes the verdict to the Node. */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  readonly #lastEvents = new Map<string, number>();
  #queue: readonly QueuedEvent[] = [];
  readonly #sent = new Map<string, Sent>();
  #gpuConditions: readonly GpuConditionState[] = [];
  #number = 0;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  /** Queues an event, unless the same was queued a short while ago. */
  note(type: QueuedEvent["type"], reason: string, message: string): void {
    const { clock } = this.#options.host;
    const now = clock.monotonic();
    const key = `${type} ${reason} ${message}`;
    if (now - (this.#lastEvents.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    for (const [old, queuedMs] of this.#lastEvents) if (now - queuedMs >= QUIET_MS) this.#lastEvents.delete(old);
    this.#lastEvents.set(key, now);
    this.#queue = [...this.#queue, { type, reason, message, atMs: clock.now() }].slice(-MAX_QUEUED);
  }

  /** A change of a condition: a root cause is a warning on the Node. */
  noteChange({ reason, message, hint }: Condition, isRootCause: boolean): void {
    if (isRootCause) this.note("Warning", reason, withHint(message, hint));
  }

  /** Takes the current Node, which other programs write to, too; undefined when the cluster has none. */
  see(node: NodeState | undefined): void {
    this.#gpuConditions = node?.gpuConditions ?? [];
  }

  /** The Node was deleted: the next one has no condition of ours yet. */
  forget(): void {
    this.#sent.clear();
  }

  /** Sends what is due. A cluster that refuses it costs the report and nothing else. */
  async report(): Promise<void> {
    const { board, api, log } = this.#options;
    const server = api();
    // Before the Node is there, and while the API server does not answer, there is nothing to write to.
    if (server === undefined || !board.isTrue("ApiReachable") || board.get("NodeReady").status === "Unknown") return;
    try {
      const verdict = draftVerdictCondition(board);
      if (verdict !== undefined) await this.#reportCondition(server, verdict);
      await this.#reportGpus(server);
      await this.#sendEvents(server);
    } catch (err) {
      log.debug({ err }, "the verdict was not written to the Node");
    }
  }

  /** What another program says of the GPUs, too, is said once; a fault that it does not see is ours to say. */
  async #reportGpus(server: NodeApi): Promise<void> {
    const { board, host, name } = this.#options;
    const draft = draftGpuCondition(board);
    if (draft === undefined) return;
    const others = this.#gpuConditions.filter(({ type }) => type !== GPU_NODE_CONDITION);
    const other = findOtherOpinion(others, host.clock.now());
    const isSaid = other !== undefined && (draft.status === "True" || other.isBad);
    if (!isSaid) {
      const words = other === undefined ? "" : `; ${other.type}, of another program, names no fault`;
      return this.#reportCondition(server, { ...draft, message: `${draft.message}${words}` });
    }
    const isThere = this.#gpuConditions.some(({ type }) => type === GPU_NODE_CONDITION);
    if (!isThere && !this.#sent.has(GPU_NODE_CONDITION)) return;
    await server.removeCondition(name, GPU_NODE_CONDITION);
    this.#sent.delete(GPU_NODE_CONDITION);
    this.#gpuConditions = others;
  }

  async #reportCondition(server: NodeApi, draft: NodeConditionDraft): Promise<void> {
    const { host, name } = this.#options;
    const { type, status, reason, message } = draft;
    const now = host.clock.now();
    const before = this.#sent.get(type);
    // A machine without GPUs says nothing of them, unless it did before.
    if (before === undefined && SILENT_REASONS.includes(reason)) return;
    const isNews = before?.status !== status || before.reason !== reason;
    const sentMs = host.clock.monotonic();
    if (!isNews && sentMs - before.sentMs < HEARTBEAT_MS) return;
    const sinceMs = before?.status === status ? before.sinceMs : now;
    await server.patchCondition(name, {
      ...draft,
      message: cut(message),
      lastHeartbeatTime: toTime(now),
      lastTransitionTime: toTime(sinceMs),
    });
    if (before?.status === "False" && status === "True") this.note("Normal", type, message);
    this.#sent.set(type, { status, reason, sentMs, sinceMs });
  }

  async #sendEvents(server: NodeApi): Promise<void> {
    const { host, name, log } = this.#options;
    for (const event of this.#queue) {
      this.#number += 1;
      const { type, reason, message, atMs } = event;
      await server
        .createEvent({
          // Unique as kubelet's own: the object's name and a number that grows.
          metadata: {
            name: `${name}.${host.clock.now().toString(16)}${this.#number.toString(16)}`,
            namespace: "default",
          },
          // kubelet's events name the Node by its name in place of its uid; kubectl describe looks for that.
          involvedObject: { apiVersion: "v1", kind: "Node", name, uid: name },
          type,
          reason,
          message: cut(message),
          count: 1,
          firstTimestamp: toTime(atMs),
          lastTimestamp: toTime(atMs),
          source: { component: "eks-satellite", host: name },
        })
        .catch((err: unknown) => {
          if (describe(err).code === "api-unreachable") throw err; // It is sent later.
          log.debug({ err, reason }, "an event was refused");
        });
      this.#queue = this.#queue.filter((other) => other !== event);
    }
  }
}

/** The verdict; undefined while a daemon that has just started does not know: what its predecessor wrote stands until it does. */
function draftVerdictCondition(board: ConditionBoard): NodeConditionDraft | undefined {
  const { healthy, reason, summary, hint } = readVerdict(board);
  if (reason === "Joining") return undefined;
  return { type: NODE_CONDITION, status: healthy ? "True" : "False", reason, message: withHint(summary, hint) };
}

/** The first of the conditions of GPUs that is false, or that all are true; undefined while that is not known. */
function draftGpuCondition(board: ConditionBoard): NodeConditionDraft | undefined {
  const conditions = GPU_CONDITIONS.map((type) => board.get(type));
  const shown = conditions.find(({ status }) => status !== "True") ?? board.get("GpuHealthy");
  const { status, reason, message, hint } = conditions.find((each) => each.status === "False") ?? shown;
  return status === "Unknown"
    ? undefined
    : { type: GPU_NODE_CONDITION, status, reason, message: withHint(message, hint) };
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message} → ${hint}`;
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}

/** Kubernetes' metav1.Time has whole seconds. */
function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

// The verdict on the Node itself, where kubectl describe shows it: one condition of our own, and events. Within what
// NodeRestriction allows a node to write about itself, and sparingly: an unchanged word is repeated every five minutes.
import type { Condition, ConditionBoard } from "../conditions.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { NodeApi } from "./node-api.ts";
import { readVerdict } from "./verdict.ts";

/** Type of the Node's condition. */
export const NODE_CONDITION = "SatelliteHealthy";

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
  readonly atMs: number;
  readonly sinceMs: number;
}

/** Writes the verdict to the Node. */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  readonly #lastEvents = new Map<string, number>();
  #queue: readonly QueuedEvent[] = [];
  #sent: Sent | undefined;
  #number = 0;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  /** Queues an event, unless the same was told a short while ago. */
  note(type: QueuedEvent["type"], reason: string, message: string): void {
    const atMs = this.#options.host.clock.now();
    const key = `${type} ${reason} ${message}`;
    if (atMs - (this.#lastEvents.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    for (const [old, toldMs] of this.#lastEvents) if (atMs - toldMs >= QUIET_MS) this.#lastEvents.delete(old);
    this.#lastEvents.set(key, atMs);
    this.#queue = [...this.#queue, { type, reason, message, atMs }].slice(-MAX_QUEUED);
  }

  /** A change of a condition: a root cause is a warning on the Node. */
  noteChange({ reason, message, hint }: Condition, isRootCause: boolean): void {
    if (isRootCause) this.note("Warning", reason, hint === undefined ? message : `${message} → ${hint}`);
  }

  /** The Node was deleted: the next one has no condition of ours yet. */
  forget(): void {
    this.#sent = undefined;
  }

  /** Sends what is due. A cluster that refuses it costs the report and nothing else. */
  async report(): Promise<void> {
    const { board, api, log } = this.#options;
    const server = api();
    // Before the Node is there, and while nobody answers, there is nothing to write to.
    if (server === undefined || !board.isTrue("ApiReachable") || board.get("NodeReady").status === "Unknown") return;
    try {
      await this.#reportCondition(server);
      await this.#sendEvents(server);
    } catch (err) {
      log.debug({ err }, "the verdict was not written to the Node");
    }
  }

  async #reportCondition(server: NodeApi): Promise<void> {
    const { host, board, name } = this.#options;
    const { healthy, reason, summary, hint } = readVerdict(board);
    // A daemon that has just started does not know yet: what its predecessor wrote stands until it does.
    if (reason === "Joining") return;
    const status = healthy ? "True" : "False";
    const now = host.clock.now();
    const before = this.#sent;
    const isNews = before?.status !== status || before.reason !== reason;
    if (!isNews && now - before.atMs < HEARTBEAT_MS) return;
    const sinceMs = before?.status === status ? before.sinceMs : now;
    await server.patchCondition(name, {
      type: NODE_CONDITION,
      status,
      reason,
      message: cut(hint === undefined ? summary : `${summary} → ${hint}`),
      lastHeartbeatTime: toTime(now),
      lastTransitionTime: toTime(sinceMs),
    });
    if (before?.status === "False" && healthy) this.note("Normal", NODE_CONDITION, summary);
    this.#sent = { status, reason, atMs: now, sinceMs };
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
          if (describe(err).code === "api-unreachable") throw err; // It is told later.
          log.debug({ err, reason }, "an event was refused");
        });
      this.#queue = this.#queue.filter((other) => other !== event);
    }
  }
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}

/** Kubernetes' metav1.Time has whole seconds. */
function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

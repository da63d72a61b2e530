// Our Node, as the cluster sees it: the condition NodeReady follows it, and a Node that vanishes is registered again.
import type { ConditionBoard } from "../board/conditions.ts";
import { describe, hasCode } from "../errors.ts";
import { explainCordon } from "../gpu/gpu-cordon.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi, NodeEvent, NodeSnapshot, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";

const SHORTEST_WAIT_MS = 500;
/** Of three hundred nodes each read anew four times in ten seconds while these began with half a second. */
const FIRST_RETRY_MS = 2000;
const MAX_RETRY_MS = 10_000;
/** An API server that restarts ends the watches of all nodes in one moment. */
const SPREAD_MS = 5000;
/** A watch that lasted this long was a good one. */
const HEALTHY_WATCH_MS = 60_000;
/** kubelet may complain every second: the Node is read anew this often at most. */
const LOOK_AGAIN_MS = 10_000;
/** How long a kubelet may take from its start to a Ready Node, before a Node that is missing or not Ready is reported. */
const START_GRACE_MS = 20_000;

export interface NodeWatchOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly name: string;
  /** The API server; undefined while the cluster or the token is not known. */
  readonly api: () => NodeApi | undefined;
  /** How long the running kubelet has run. */
  readonly kubeletAgeMs: () => number | undefined;
  readonly emit: (event: NodeWatchEvent) => void;
}

export type NodeWatchEvent =
  /** The Node as the cluster has it now; undefined when it has none. */
  | { readonly kind: "node-seen"; readonly node: NodeState | undefined }
  /** The Node has become Ready. */
  | { readonly kind: "node-ready" }
  /** kubelet has another address than before, and has said so. */
  | { readonly kind: "node-address-changed"; readonly from: string; readonly to: string }
  /** The Node was deleted; kubelet registers it only when it starts. */
  | { readonly kind: "node-gone" }
  /** The API server refused the token. */
  | { readonly kind: "token-refused" };

/** The watch of our Node. */
export interface NodeWatch {
  /** Watches until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Reads the Node anew: an open watch outlives an identity that the API server no longer takes. */
  lookAgain(): void;
  /** Judges again what was excused while kubelet was starting: the watch says nothing of a Node that does not change. */
  judge(): void;
  /** What the Node said last that it runs, e.g. `v1.34.4`. */
  version(): string | undefined;
}

/** Creates the watch. */
export function createNodeWatch(options: NodeWatchOptions): NodeWatch {
  let openWatch: AbortController | undefined;
  let lookedAgainAtMs = Number.NEGATIVE_INFINITY;
  let version: string | undefined;
  const emit = (event: NodeWatchEvent) => {
    if (event.kind === "node-seen") version = event.node?.version;
    options.emit(event);
  };
  const observer = new NodeObserver({ ...options, emit });
  return {
    version: () => version,
    judge: () => observer.judge(),
    run: (signal) =>
      runWatch({ ...options, emit }, observer, signal, () => {
        openWatch = new AbortController();
        return openWatch.signal;
      }),
    lookAgain: () => {
      const now = options.host.clock.monotonic();
      if (now - lookedAgainAtMs < LOOK_AGAIN_MS) return;
      lookedAgainAtMs = now;
      openWatch?.abort();
    },
  };
}

async function runWatch(
  options: NodeWatchOptions,
  observer: NodeObserver,
  signal: AbortSignal,
  untilLookedAgain: () => AbortSignal,
): Promise<void> {
  const { host } = options;
  const backoff = new Backoff({
    firstMs: FIRST_RETRY_MS,
    maxMs: MAX_RETRY_MS,
    spreadMs: SPREAD_MS,
    resetAfterMs: HEALTHY_WATCH_MS,
    random: () => host.random(),
  });
  while (!signal.aborted) {
    const startedAtMs = host.clock.monotonic();
    const api = options.api();
    let lookedAgain: AbortSignal | undefined;
    if (api !== undefined) {
      try {
        const snapshot = await readNode(options, api);
        observer.see(snapshot.node);
        const onEvent = (event: NodeEvent) => observer.see(event.kind === "seen" ? event.node : undefined);
        lookedAgain = untilLookedAgain();
        await api.watch(options.name, snapshot, onEvent, AbortSignal.any([signal, lookedAgain]));
      } catch (error) {
        if (!signal.aborted) reportFailure(options, error);
      }
    }
    const isAtOnce = api === undefined || lookedAgain?.aborted === true;
    const waitMs = isAtOnce ? 0 : backoff.next(host.clock.monotonic() - startedAtMs);
    await host.clock.sleep(SHORTEST_WAIT_MS + waitMs, signal).catch(() => undefined); // Cut short by the abort that ends the loop.
  }
}

async function readNode({ board, name }: NodeWatchOptions, api: NodeApi): Promise<NodeSnapshot> {
  const snapshot = await api.read(name);
  board.setTrue("ApiReachable", "Answers", "the API server answers");
  board.setTrue("IdentityAccepted", "Accepted", `the API server knows this machine as system:node:${name}`);
  return snapshot;
}

/** What a refusal says: it comes from an API server that answers; only the first two doubt the identity. */
const IDENTITY_REFUSALS: readonly string[] = ["api-unauthorized", "api-forbidden"];
const REFUSALS: readonly string[] = [...IDENTITY_REFUSALS, "api-denied"];

function reportFailure({ log, board, name, emit }: NodeWatchOptions, error: unknown): void {
  // A watch ends at times without meaning anything; the read that follows says whether the API server answers.
  if (hasCode(error, "watch-ended")) {
    log.debug({ err: error }, "the watch ended");
    return;
  }
  const { code, message } = describe(error);
  if (REFUSALS.includes(code)) board.setTrue("ApiReachable", "Answers", "the API server answers");
  else board.setFailed("ApiReachable", error);
  if (IDENTITY_REFUSALS.includes(code)) board.setFailed("IdentityAccepted", error);
  board.setUnknown("NodeReady", "NotAsked", `how Node ${name} is cannot be read: ${message}`);
  if (code === "api-unauthorized") emit({ kind: "token-refused" });
}

/** Turns what is seen of the Node into conditions, and a loss into a restart of kubelet. */
class NodeObserver {
  readonly #options: NodeWatchOptions;
  #last: NodeState | undefined;
  /** Whether what was seen last was excused because kubelet was starting. */
  #isExcused = false;

  constructor(options: NodeWatchOptions) {
    this.#options = options;
  }

  see(node: NodeState | undefined): void {
    this.#options.emit({ kind: "node-seen", node });
    this.#isExcused = false;
    if (node === undefined) this.#seeAbsent();
    else this.#seePresent(node);
  }

  #seeAbsent(): void {
    const { log, board, name, emit } = this.#options;
    const wasThere = this.#last !== undefined;
    this.#last = undefined;
    if (!wasThere && this.#isKubeletStarting()) {
      this.#isExcused = true;
      board.setUnknown("NodeReady", "Registering", `kubelet has not registered Node ${name} yet`);
      return;
    }
    board.set("NodeReady", {
      status: "False",
      reason: "NodeMissing",
      message: `there is no Node ${name} in the cluster`,
      hint: `kubelet registers it again; if it vanishes again, a user or a controller deletes it: kubectl get events --field-selector involvedObject.name=${name}.`,
    });
    log.warn({ node: name }, "the Node is gone from the cluster; kubelet is restarted to register it again");
    emit({ kind: "node-gone" });
  }

  #seePresent(node: NodeState): void {
    const { board, name, emit } = this.#options;
    const { isReady: wasReady = false, address: from } = this.#last ?? {};
    this.#last = node;
    if (from !== undefined && node.address !== undefined && from !== node.address)
      emit({ kind: "node-address-changed", from, to: node.address });
    reportSchedulable(board, name, node);
    if (node.isReady) {
      board.setTrue("NodeReady", "KubeletReady", `Node ${name} is Ready with kubelet ${node.version}`);
      if (!wasReady) emit({ kind: "node-ready" });
      return;
    }
    this.#isExcused = this.#isKubeletStarting();
    this.#reportNotReady(node);
  }

  /** kubelet goes on registering by itself: a restart of it would help no Node that the cluster refuses. */
  judge(): void {
    if (!this.#isExcused || this.#isKubeletStarting()) return;
    this.#isExcused = false;
    const { board, name } = this.#options;
    if (this.#last !== undefined) this.#reportNotReady(this.#last);
    else
      board.set("NodeReady", {
        status: "False",
        reason: "NodeNotRegistered",
        message: `kubelet has run for ${START_GRACE_MS / 1000} s and longer, and there is no Node ${name} in the cluster`,
        hint: "journalctl -u eks-satellite --grep 'register node' shows why: an admission webhook, a policy or a quota may refuse it.",
      });
  }

  #reportNotReady(node: NodeState): void {
    const { board, name } = this.#options;
    const status = this.#isExcused ? "Unknown" : "False";
    board.set("NodeReady", { status, reason: node.reason, message: `Node ${name} is not Ready: ${node.message}` });
  }

  #isKubeletStarting(): boolean {
    return (this.#options.kubeletAgeMs() ?? 0) <= START_GRACE_MS;
  }
}

function reportSchedulable(board: ConditionBoard, name: string, node: NodeState): void {
  if (node.isSchedulable) board.setTrue("NodeSchedulable", "Schedulable", `Node ${name} takes new pods`);
  else board.set("NodeSchedulable", { status: "False", ...explainCordon(name, node) });
}

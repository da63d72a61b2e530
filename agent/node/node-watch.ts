// Our Node, as the cluster sees it: the condition NodeReady follows it, and a Node that vanishes is registered again.
import type { ConditionBoard } from "../board/conditions.ts";
import { describe, hasCode } from "../errors.ts";
import { explainCordon } from "../gpu/gpu-cordon.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi, NodeEvent, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** A watch that lasted this long was a good one. */
const HEALTHY_WATCH_MS = 60_000;
/** Complaints come by the second: the API server is asked about them this often at most. */
const LOOK_AGAIN_MS = 10_000;
/** How long a kubelet may take from its start to a Ready Node, before a Node that is missing or not Ready is worth a word. */
const START_GRACE_MS = 20_000;

export interface NodeWatchOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly name: string;
  /** The API server of now, or undefined while the cluster or the token is not known. */
  readonly api: () => NodeApi | undefined;
  /** When the running kubelet was started, milliseconds since the epoch. */
  readonly kubeletStartedAtMs: () => number | undefined;
  readonly emit: (event: NodeWatchEvent) => void;
}

export type NodeWatchEvent =
  /** The Node as the cluster has it now; undefined when it has none. */
  | { readonly kind: "node-seen"; readonly node: NodeState | undefined }
  /** The Node has become Ready. */
  | { readonly kind: "node-ready" }
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
  return {
    version: () => version,
    run: (signal) =>
      runWatch({ ...options, emit }, signal, () => {
        openWatch = new AbortController();
        return openWatch.signal;
      }),
    lookAgain: () => {
      const now = options.host.clock.now();
      if (now - lookedAgainAtMs < LOOK_AGAIN_MS) return;
      lookedAgainAtMs = now;
      openWatch?.abort();
    },
  };
}

async function runWatch(
  options: NodeWatchOptions,
  signal: AbortSignal,
  untilLookedAgain: () => AbortSignal,
): Promise<void> {
  const { host, board } = options;
  const backoff = new Backoff({
    firstMs: FIRST_RETRY_MS,
    maxMs: MAX_RETRY_MS,
    resetAfterMs: HEALTHY_WATCH_MS,
    random: host.random,
  });
  const observer = createObserver(options);
  while (!signal.aborted) {
    const startedAtMs = host.clock.now();
    const api = options.api();
    if (api !== undefined) {
      try {
        const snapshot = await api.read(options.name);
        board.setTrue("ApiReachable", "Answers", "the API server answers");
        board.setTrue(
          "IdentityAccepted",
          "Accepted",
          `the API server knows this machine as system:node:${options.name}`,
        );
        observer.see(snapshot.node);
        const onEvent = (event: NodeEvent) => observer.see(event.kind === "seen" ? event.node : undefined);
        await api.watch(options.name, snapshot, onEvent, AbortSignal.any([signal, untilLookedAgain()]));
      } catch (error) {
        if (!signal.aborted) observer.fail(error);
      }
    }
    const waitMs = api === undefined ? 0 : backoff.next(host.clock.now() - startedAtMs);
    await host.clock.sleep(Math.max(FIRST_RETRY_MS, waitMs), signal).catch(() => undefined); // Cut short by the abort that ends the loop.
  }
}

/** Turns what is seen of the Node into the condition, and a loss into a restart of kubelet. */
function createObserver({ host, log, board, name, kubeletStartedAtMs, emit }: NodeWatchOptions) {
  let last: NodeState | undefined;
  const isKubeletStarting = () => {
    const startedAtMs = kubeletStartedAtMs();
    return startedAtMs === undefined || host.clock.now() - startedAtMs <= START_GRACE_MS;
  };
  const seeAbsent = () => {
    const wasThere = last !== undefined;
    last = undefined;
    if (!wasThere && isKubeletStarting()) {
      board.set("NodeReady", {
        status: "Unknown",
        reason: "Registering",
        message: `kubelet has not registered Node ${name} yet`,
      });
      return;
    }
    board.set("NodeReady", {
      status: "False",
      reason: "NodeMissing",
      message: `there is no Node ${name} in the cluster`,
      hint: `kubelet registers it again by itself; when it goes again, somebody deletes it: kubectl get events --field-selector involvedObject.name=${name}.`,
    });
    log.warn({ node: name }, "the Node is gone from the cluster; kubelet is restarted to register it again");
    emit({ kind: "node-gone" });
  };
  const seePresent = (node: NodeState) => {
    const wasReady = last?.isReady ?? false;
    last = node;
    seeSchedulable(board, name, node);
    if (node.isReady) {
      board.setTrue("NodeReady", "KubeletReady", `Node ${name} is Ready with kubelet ${node.version}`);
      if (!wasReady) emit({ kind: "node-ready" });
      return;
    }
    const status = isKubeletStarting() ? "Unknown" : "False";
    board.set("NodeReady", { status, reason: node.reason, message: `Node ${name} is not Ready: ${node.message}` });
  };
  return {
    see(node: NodeState | undefined): void {
      emit({ kind: "node-seen", node });
      if (node === undefined) seeAbsent();
      else seePresent(node);
    },
    fail(error: unknown): void {
      // A watch ends at times without meaning anything; the read that follows says whether the API server is away.
      if (hasCode(error, "watch-ended")) {
        log.debug({ err: error }, "the watch ended");
        return;
      }
      const isRefused = hasCode(error, "api-unauthorized") || hasCode(error, "api-forbidden");
      if (isRefused) board.setTrue("ApiReachable", "Answers", "the API server answers");
      board.setFailed(isRefused ? "IdentityAccepted" : "ApiReachable", error);
      board.setUnknown("NodeReady", "NotAsked", `nobody can say how Node ${name} is: ${describe(error).message}`);
      if (hasCode(error, "api-unauthorized")) emit({ kind: "token-refused" });
    },
  };
}

function seeSchedulable(board: ConditionBoard, name: string, node: NodeState): void {
  if (node.isSchedulable) board.setTrue("NodeSchedulable", "Schedulable", `Node ${name} takes new pods`);
  else board.set("NodeSchedulable", { status: "False", ...explainCordon(name, node) });
}

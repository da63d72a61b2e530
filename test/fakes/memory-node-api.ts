import type { ConditionType } from "../../agent/board/condition-types.ts";
import { SatelliteError } from "../../agent/errors.ts";
import type { ConfigMapAnswer, NodeApi, NodeEvent, NodeSnapshot, NodeState } from "../../agent/kubernetes/node-api.ts";
import { createNodeWatch } from "../../agent/node/node-watch.ts";
import { createBoard } from "./board.ts";
import { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";

export const READY: NodeState = {
  uid: "1",
  isReady: true,
  isSchedulable: true,
  reason: "KubeletReady",
  message: "",
  version: "v1.34.4",
  resourceVersion: "1",
};
export const UNREADY: NodeState = {
  ...READY,
  isReady: false,
  reason: "KubeletNotReady",
  message: "PLEG is not healthy",
};

export const UNAUTHORIZED = new SatelliteError("api-unauthorized", "the API server does not know this node's identity");

/** An API server whose Node and watch a test holds in its hands. */
export class MemoryApi implements NodeApi {
  node: NodeState | undefined;
  failure: Error | undefined;
  reads = 0;
  #onEvent: ((event: NodeEvent) => void) | undefined;
  #end: ((failure: Error | undefined) => void) | undefined;

  async read(): Promise<NodeSnapshot> {
    this.reads += 1;
    if (this.failure !== undefined) throw this.failure;
    return { node: this.node, resourceVersion: String(this.reads) };
  }

  watch(_name: string, _since: NodeSnapshot, onEvent: (event: NodeEvent) => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#onEvent = onEvent;
    this.#end = (failure) => (failure === undefined ? resolve() : reject(failure));
    signal.addEventListener("abort", () => resolve(), { once: true });
    return promise;
  }

  async readServingRequest(): Promise<undefined> {
    return undefined;
  }

  async patchCondition(): Promise<void> {}

  async removeCondition(): Promise<void> {}

  async readLabels(): Promise<undefined> {
    return undefined;
  }

  async patchLabels(): Promise<void> {}

  async patchCordon(): Promise<void> {}

  async createEvent(): Promise<void> {}

  annotations: Record<string, string> = {};

  async patchAnnotations(_name: string, annotations: Readonly<Record<string, string>>): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    Object.assign(this.annotations, annotations);
  }

  /** By name; a change of one is another version. */
  readonly configMaps = new Map<string, { readonly version: string; readonly data: Record<string, string> }>();
  /** Every question for a ConfigMap, and whether its content was sent. */
  readonly configMapReads: string[] = [];

  async readConfigMap(_namespace: string, name: string, knownVersion?: string): Promise<ConfigMapAnswer> {
    if (this.failure !== undefined) throw this.failure;
    const found = this.configMaps.get(name);
    const kind = found === undefined ? "absent" : found.version === knownVersion ? "unchanged" : "found";
    this.configMapReads.push(`${name} ${kind}`);
    return found === undefined || kind !== "found"
      ? { kind: kind === "found" ? "absent" : kind }
      : { kind, resourceVersion: found.version, data: found.data };
  }

  send(event: NodeEvent): void {
    this.#onEvent?.(event);
  }

  endWatch(failure?: Error): void {
    this.#end?.(failure);
  }
}

/** A watch that runs. */
export function setUpNodeWatch(node: NodeState | undefined, kubeletAgeMs = 600_000, failure?: Error) {
  const host = new MemoryHost();
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const api = new MemoryApi();
  api.node = node;
  api.failure = failure;
  const seen = { ready: 0, gone: 0, unauthorized: 0, moves: [] as string[] };
  const kubelet: { beganMs: number | undefined } = { beganMs: host.clock.monotonic() - kubeletAgeMs };
  const stop = new AbortController();
  const known = { api: api as NodeApi | undefined };
  const watch = createNodeWatch({
    host,
    log,
    board,
    name: "gpu-1",
    api: () => known.api,
    kubeletAgeMs: () => (kubelet.beganMs === undefined ? undefined : host.clock.monotonic() - kubelet.beganMs),
    emit: (event) => {
      const { kind } = event;
      if (kind === "node-address-changed") seen.moves.push(`${event.from} → ${event.to}`);
      if (kind === "node-ready") seen.ready += 1;
      if (kind === "token-refused") seen.unauthorized += 1;
      if (kind !== "node-gone") return;
      seen.gone += 1;
      kubelet.beganMs = host.clock.monotonic();
    },
  });
  const watching = watch.run(stop.signal);
  const reasonOf = (type: ConditionType) => [board.get(type).status, board.get(type).reason];
  const status = () => reasonOf("NodeReady");
  return { host, board, api, known, kubelet, seen, stop, watch, watching, status, reasonOf, messages };
}

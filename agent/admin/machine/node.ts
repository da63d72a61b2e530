// The Node of a machine, as an administrator sees and ends it.

/** What of a Node matters to a launch and a termination. */
export interface NodeView {
  readonly isReady: boolean;
  /** Of its condition Ready. */
  readonly reason: string;
  readonly version: string;
  /** nvidia.com/gpu of its allocatable resources; undefined where nothing has offered any. */
  readonly gpus: string | undefined;
}

/** Each call throws what the API server refuses. */
export interface NodeAccess {
  /** Undefined when there is none. */
  read(name: string): Promise<NodeView | undefined>;
  /** Cordons it and evicts its pods; returns `namespace/name` of those that did not end in time. */
  drain(name: string, seconds: number, signal: AbortSignal): Promise<readonly string[]>;
  delete(name: string): Promise<void>;
}

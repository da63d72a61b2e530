// `gpu.onFatal: cordon`: a node whose GPUs need a reset, a reboot or a replacement takes no new pods until that is over.
import type { ConditionBoard } from "../conditions.ts";
import type { Config } from "../config/schema.ts";
import { describe } from "../errors.ts";
import type { GpuAction } from "../facts/xid.ts";
import type { Log } from "../log.ts";
import type { GpuFault } from "./gpu-faults.ts";
import type { NodeApi } from "./node-api.ts";

/** Actions that end every pod with a GPU, sooner or later. */
const FATAL: readonly GpuAction[] = ["reset-the-gpu", "reboot", "replace"];

export interface GpuCordonOptions {
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly api: () => NodeApi | undefined;
}

/** Cordons the Node for a fault, once, and takes back what it did and nothing else. */
export class GpuCordon {
  readonly #options: GpuCordonOptions;
  /** The fault that the Node was last seen to; null for none, undefined when nobody has looked yet. */
  #settled: string | null | undefined;

  constructor(options: GpuCordonOptions) {
    this.#options = options;
  }

  /** The Node is another one now. */
  forget(): void {
    this.#settled = undefined;
  }

  /** Does what these faults ask for, worst first. A cluster that refuses it costs the cordon and nothing else. */
  async keep(faults: readonly GpuFault[]): Promise<void> {
    const { config, board, log, api } = this.#options;
    const fault = config.gpu.onFatal === "cordon" ? faults.find(({ action }) => FATAL.includes(action)) : undefined;
    const wanted = fault?.code ?? null;
    const server = api();
    // Not being known to be ill is not being well: a daemon that has just started does not uncordon for that.
    if (wanted === null && !(board.isTrue("GpuHealthy") && board.isTrue("GpusPresent"))) return;
    if (this.#settled === wanted || server === undefined || !board.isTrue("ApiReachable")) return;
    try {
      if (await this.#settle(server, wanted)) this.#settled = wanted;
    } catch (err) {
      if (describe(err).code === "api-unreachable") return; // It is tried with the next round.
      log.warn({ err }, "the Node was neither cordoned nor uncordoned for its GPUs");
      this.#settled = wanted;
    }
  }

  /** Returns whether there was a Node to look at. */
  async #settle(server: NodeApi, wanted: string | null): Promise<boolean> {
    const { config, log } = this.#options;
    const { name } = config.node;
    const present = await server.readCordon(name);
    if (present === undefined) return false;
    const { isCordoned, cordonedFor } = present;
    // A Node that a person has uncordoned meanwhile, or had cordoned before, is that person's.
    if (wanted === null ? cordonedFor === undefined : isCordoned || cordonedFor !== undefined) return true;
    await server.patchCordon(name, wanted);
    if (wanted === null) log.info(`Node ${name} takes pods again: the fault of its GPUs is over`);
    else log.warn({ fault: wanted }, `Node ${name} was cordoned, for gpu.onFatal is cordon; pods that run stay`);
    return true;
  }
}

// With `gpu.onFatal: cordon` the Node takes no new pods while a GPU must be reset or replaced, or the machine rebooted.
// A node may cordon itself; its own taints it may not change: Kubernetes, plugin/pkg/admission/noderestriction.
import type { Report } from "../board/conditions.ts";
import type { NoticeEvent } from "../board/events.ts";
import type { Config } from "../config/schema.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { CordonPatch, NodeApi, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { type GpuFault, isFatal } from "./gpu-faults.ts";

export interface GpuCordonOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly api: () => NodeApi | undefined;
  readonly emit: (event: NoticeEvent) => void;
}

/** What is known of the GPUs. */
export interface GpuJudgement {
  /** The GPUs with a fatal fault, by their addresses; `machine` for a fault that is not one GPU's. */
  readonly broken: readonly string[];
  /** Whether the others are known to be well. */
  readonly isDecided: boolean;
}

/** After the daemon's start nvidia-smi may answer before the kernel's log has been read: a fault is gone when it stays so. */
const GONE_MS = 20_000;
/** An API server that refuses is asked again after this long. */
const REFUSED_MS = 10 * 60_000;

/**
 * What to write to the Node, if anything. A cordon without our note is somebody else's and stays; a Node with our note that
 * takes pods was uncordoned by somebody who knows of those GPUs, and is cordoned again only for another one.
 */
export function planCordon(
  { isSchedulable, cordonedFor = "" }: NodeState,
  { broken, isDecided }: GpuJudgement,
): CordonPatch | undefined {
  const noted = cordonedFor.split(",").filter((busId) => busId !== "");
  if (broken.length === 0) {
    if (noted.length === 0 || !isDecided) return undefined;
    return { cordonedFor: null, ...(isSchedulable ? {} : { isSchedulable: true }) };
  }
  const isSomebodyElses = !isSchedulable && noted.length === 0;
  if (isSomebodyElses || broken.every((busId) => noted.includes(busId))) return undefined;
  return { cordonedFor: [...new Set([...noted, ...broken])].toSorted().join(","), isSchedulable: false };
}

/** Why the Node takes no new pods, for the condition NodeSchedulable and for `check`. */
export function explainCordon(
  name: string,
  { cordonedFor }: NodeState,
): Omit<Report, "status"> & { readonly hint: string } {
  if (cordonedFor === undefined)
    return {
      reason: "NodeCordoned",
      message: `Node ${name} is cordoned: it takes no new pods`,
      hint: `kubectl uncordon ${name}, when whoever cordoned it is done.`,
    };
  return {
    reason: "CordonedForGpu",
    message: `Node ${name} is cordoned for the faults of its GPUs (${cordonedFor}): it takes no new pods`,
    hint: `It is uncordoned by itself when they are gone: see GpuHealthy. kubectl uncordon ${name} takes pods in spite of them.`,
  };
}

/** Keeps the Node's cordon what its GPUs are. */
export class GpuCordon {
  readonly #options: GpuCordonOptions;
  #node: NodeState | undefined;
  #judgement: GpuJudgement | undefined;
  #goneSinceMs: number | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isWriting = false;
  #isCordoned = false;

  constructor(options: GpuCordonOptions) {
    this.#options = options;
  }

  /** Whether the Node is cordoned for its GPUs. */
  get isCordoned(): boolean {
    return this.#isCordoned;
  }

  /** Takes the Node as it is now; resolves when what follows from it is written. */
  see(node: NodeState | undefined): Promise<void> {
    this.#node = node;
    this.#isCordoned = node?.cordonedFor !== undefined && !node.isSchedulable;
    return this.#act();
  }

  /** Takes what was judged of the GPUs; resolves when what follows from it is written. */
  judge(faults: readonly GpuFault[], isDecided: boolean): Promise<void> {
    const { host, config } = this.#options;
    const isWanted = config.gpu.onFatal === "cordon" && config.gpu.mode !== "off";
    const broken = isWanted ? faults.filter(isFatal).map(({ busId = "machine" }) => busId) : [];
    this.#goneSinceMs = broken.length > 0 ? undefined : (this.#goneSinceMs ?? host.clock.now());
    const isOver = this.#goneSinceMs !== undefined && host.clock.now() - this.#goneSinceMs >= GONE_MS;
    // What is not wanted any more needs no certainty.
    this.#judgement = { broken, isDecided: !isWanted || (isDecided && isOver) };
    return this.#act();
  }

  /** While one change is under way the next is not thought of: the watch brings the Node back, and a round the judgement. */
  async #act(): Promise<void> {
    const { host, config, log, api } = this.#options;
    const node = this.#node;
    const server = api();
    if (this.#isWriting || node === undefined || this.#judgement === undefined || server === undefined) return;
    const patch = planCordon(node, this.#judgement);
    if (patch === undefined || host.clock.now() < this.#notBeforeMs) return;
    this.#isWriting = true;
    try {
      await server.patchCordon(config.node.name, node, patch);
      // The watch brings the new one, if it has not yet.
      if (this.#node === node) this.#node = undefined;
      this.#report(patch);
    } catch (err) {
      const { code } = describe(err);
      if (code === "api-unreachable" || code === "api-conflict") return; // It is tried with the next sight or round.
      log.info({ err }, "the Node was not cordoned or uncordoned for its GPUs");
      this.#notBeforeMs = host.clock.now() + REFUSED_MS;
    } finally {
      this.#isWriting = false;
    }
  }

  #report({ cordonedFor, isSchedulable }: CordonPatch): void {
    const { config, emit } = this.#options;
    const { name } = config.node;
    const notice = (type: NoticeEvent["type"], reason: NoticeEvent["reason"], message: string) =>
      emit({ kind: "notice", type, reason, message });
    if (isSchedulable === false)
      notice("Warning", "CordonedForGpu", `Node ${name} is cordoned for the faults of its GPUs: ${cordonedFor}`);
    if (isSchedulable === true)
      notice("Normal", "UncordonedForGpu", `Node ${name} takes new pods again: the faults of its GPUs are gone`);
  }
}

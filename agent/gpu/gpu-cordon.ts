// With `gpu.onFatal: cordon` the Node is cordoned while a GPU must be reset or replaced, or the machine rebooted.
// A node may cordon itself, but may not change its own taints: Kubernetes, plugin/pkg/admission/noderestriction.
import type { Report } from "../board/conditions.ts";
import type { NoticeEvent } from "../board/events.ts";
import type { Config } from "../config/schema.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { CordonPatch, NodeApi, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { type GpuFault, isFatal } from "./gpu-fault.ts";

export interface GpuCordonOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly api: () => NodeApi | undefined;
  readonly emit: (event: NoticeEvent) => void;
}

/** Which GPUs are broken, and whether that is certain. */
export interface GpuJudgement {
  /** Addresses of the GPUs with a fatal fault; `machine` for a fault that is not of one GPU. */
  readonly broken: readonly string[];
  /** Whether the others are known to be healthy. */
  readonly isDecided: boolean;
}

/** How long no fault must be seen: after the daemon's start nvidia-smi may answer before the kernel's log has been read. */
const GONE_MS = 20_000;
/** Pause after the API server has refused a change. */
const REFUSED_MS = 10 * 60_000;

/**
 * Plans what to write to the Node, if anything. A cordon without our annotation is the user's and stays. A Node with our
 * annotation that takes pods was uncordoned by a user who knows of those GPUs: only another broken GPU cordons it again.
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
  const isForeign = !isSchedulable && noted.length === 0;
  if (isForeign || broken.every((busId) => noted.includes(busId))) return undefined;
  return { cordonedFor: [...new Set([...noted, ...broken])].toSorted().join(","), isSchedulable: false };
}

/** Explains why the Node is cordoned, for the condition NodeSchedulable and for `check`. */
export function explainCordon(
  name: string,
  { cordonedFor }: NodeState,
): Omit<Report, "status"> & { readonly hint: string } {
  if (cordonedFor === undefined)
    return {
      reason: "NodeCordoned",
      message: `Node ${name} is cordoned: it takes no new pods`,
      hint: `kubectl uncordon ${name}, when the reason for the cordon is gone.`,
    };
  return {
    reason: "CordonedForGpu",
    message: `Node ${name} is cordoned because of faults of its GPUs (${cordonedFor}): it takes no new pods`,
    hint: `The daemon uncordons it when they are gone: see GpuHealthy. kubectl uncordon ${name} accepts pods in spite of them.`,
  };
}

/** Cordons the Node while its GPUs are broken, and uncordons it afterwards. */
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

  /** Whether the Node is cordoned because of its GPUs. */
  get isCordoned(): boolean {
    return this.#isCordoned;
  }

  /** Takes the current Node; resolves when the change that follows is written. */
  see(node: NodeState | undefined): Promise<void> {
    this.#node = node;
    this.#isCordoned = node?.cordonedFor !== undefined && !node.isSchedulable;
    return this.#act();
  }

  /** Takes the current faults; resolves when the change that follows is written. */
  judge(faults: readonly GpuFault[], isDecided: boolean): Promise<void> {
    const { host, config } = this.#options;
    const isWanted = config.gpu.onFatal === "cordon" && config.gpu.mode !== "off";
    const broken = isWanted ? faults.filter(isFatal).map(({ busId = "machine" }) => busId) : [];
    this.#goneSinceMs = broken.length > 0 ? undefined : (this.#goneSinceMs ?? host.clock.monotonic());
    const isOver = this.#goneSinceMs !== undefined && host.clock.monotonic() - this.#goneSinceMs >= GONE_MS;
    // When cordons are switched off, no certainty is needed.
    this.#judgement = { broken, isDecided: !isWanted || (isDecided && isOver) };
    return this.#act();
  }

  /** Only one change is under way at a time: the watch delivers the next Node, and a round the next judgement. */
  async #act(): Promise<void> {
    const { host, config, log, api } = this.#options;
    const node = this.#node;
    const server = api();
    if (this.#isWriting || node === undefined || this.#judgement === undefined || server === undefined) return;
    const patch = planCordon(node, this.#judgement);
    if (patch === undefined || host.clock.monotonic() < this.#notBeforeMs) return;
    this.#isWriting = true;
    try {
      await server.patchCordon(config.node.name, node, patch);
      // The watch delivers the new one, if it has not yet.
      if (this.#node === node) this.#node = undefined;
      this.#report(patch);
    } catch (err) {
      const { code } = describe(err);
      if (code === "api-unreachable" || code === "api-conflict") return; // The next Node or round tries again.
      log.info({ err }, "the Node was not cordoned or uncordoned because of its GPUs");
      this.#notBeforeMs = host.clock.monotonic() + REFUSED_MS;
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

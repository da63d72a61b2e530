// All that the daemon does about GPUs in one round: look, label the Node, keep what pods need to use them.
import type { NoticeEvent } from "../board/events.ts";
import type { Family } from "../board/metric-family.ts";
import type { Config } from "../config/schema.ts";
import type { NodeState } from "../kubernetes/node-api.ts";
import { GpuCordon, type GpuCordonOptions } from "./gpu-cordon.ts";
import { GpuLabeler, type GpuLabelerOptions } from "./gpu-labels.ts";
import { gpuFamilies } from "./gpu-metrics.ts";
import { GpuRuntime, type GpuRuntimeEvent, type GpuRuntimeOptions } from "./gpu-runtime.ts";
import { renderGpuStatus } from "./gpu-status.ts";
import { type GpuView, GpuWatch, type GpuWatchOptions } from "./gpu-watch.ts";

export type GpuEvent = NoticeEvent | GpuRuntimeEvent;

export type GpuPartOptions = Omit<GpuWatchOptions, "onJudged"> &
  Omit<GpuCordonOptions, "emit"> &
  Omit<GpuLabelerOptions, "history"> &
  Omit<GpuRuntimeOptions, "emit"> & { readonly config: Config; readonly emit: (event: GpuEvent) => void };

/** The GPUs of this machine. */
export class GpuPart {
  readonly #watch: GpuWatch;
  readonly #labeler: GpuLabeler;
  readonly #runtime: GpuRuntime;
  readonly #cordon: GpuCordon;

  constructor(options: GpuPartOptions) {
    this.#cordon = new GpuCordon(options);
    const onJudged = (...judgement: Parameters<GpuCordon["judge"]>) => void this.#cordon.judge(...judgement);
    this.#watch = new GpuWatch({ ...options, onJudged });
    this.#labeler = new GpuLabeler({ ...options, history: this.#watch.history });
    this.#runtime = new GpuRuntime(options);
  }

  /** As last seen; undefined until somebody has looked. */
  view(): GpuView | undefined {
    const view = this.#watch.view();
    if (view === undefined) return undefined;
    const runtime = this.#runtime.view();
    return { ...view, isCordoned: this.#cordon.isCordoned, ...(runtime === undefined ? {} : { runtime }) };
  }

  /** The Node as the cluster has it now; undefined when it has none. */
  see(node: NodeState | undefined): void {
    void this.#cordon.see(node);
  }

  /** The Node is another one now, and has no labels yet. */
  forgetNode(): void {
    this.#labeler.forget();
  }

  status() {
    return { gpu: renderGpuStatus(this.view()) };
  }

  metrics(): readonly Family[] {
    return gpuFamilies(() => this.view());
  }

  /** Resolves when nothing follows the kernel's log for it any more. */
  async ended(): Promise<void> {
    await this.#watch.following;
  }

  /** One round. @throws file-unreadable */
  async round(): Promise<void> {
    await this.#watch.round();
    await Promise.all([this.#labeler.keep(this.view()), this.#runtime.round(this.view()?.facts)]);
  }
}

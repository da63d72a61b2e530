// Everything that the daemon does about GPUs in a round: observe them, label the Node, and keep the runtime ready for pods.
import type { NoticeEvent } from "../board/events.ts";
import type { Family } from "../board/metric-family.ts";
import type { Config } from "../config/schema.ts";
import type { NodeState } from "../kubernetes/node-api.ts";
import { optional } from "../optional.ts";
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

  /** The last observation; undefined before the first round. */
  view(): GpuView | undefined {
    const view = this.#watch.view();
    if (view === undefined) return undefined;
    const runtime = this.#runtime.view();
    return { ...view, isCordoned: this.#cordon.isCordoned, ...optional({ runtime }) };
  }

  /** Takes the current Node of the cluster; undefined when there is none. */
  see(node: NodeState | undefined): void {
    void this.#cordon.see(node);
  }

  /** Forgets the Node's labels: a new Node has none yet. */
  forgetNode(): void {
    this.#labeler.forget();
  }

  status() {
    return { gpu: renderGpuStatus(this.view()) };
  }

  metrics(): readonly Family[] {
    return gpuFamilies(() => this.view());
  }

  /** Resolves when the kernel's log is no longer followed. */
  async ended(): Promise<void> {
    await this.#watch.following;
  }

  /** Runs one round. @throws file-unreadable */
  async round(): Promise<void> {
    await this.#watch.round();
    await Promise.all([this.#labeler.keep(this.view()), this.#runtime.round(this.view()?.facts)]);
  }
}

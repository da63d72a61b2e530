// All that the daemon does about GPUs in one round: look, label the Node, keep what pods need to use them.
import type { Config } from "../config/schema.ts";
import type { NodeState } from "../kubernetes/node-api.ts";
import { GpuCordon, type GpuCordonOptions } from "./gpu-cordon.ts";
import { GpuLabeler, type GpuLabelerOptions } from "./gpu-labels.ts";
import { GpuRuntime, type GpuRuntimeOptions } from "./gpu-runtime.ts";
import { type GpuView, GpuWatch, type GpuWatchOptions } from "./gpu-watch.ts";

export type GpusOptions = Omit<GpuWatchOptions, "onJudged"> &
  GpuCordonOptions &
  Omit<GpuLabelerOptions, "history"> &
  GpuRuntimeOptions & { readonly config: Config };

/** The GPUs of this machine. */
export class GpuPart {
  readonly #watch: GpuWatch;
  readonly #labeler: GpuLabeler;
  readonly #runtime: GpuRuntime;
  readonly #cordon: GpuCordon;

  constructor(options: GpusOptions) {
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

  /** One round. @throws file-unreadable */
  async round(): Promise<void> {
    await this.#watch.round();
    await Promise.all([this.#labeler.keep(this.view()), this.#runtime.round(this.view()?.facts)]);
  }
}

// All that the daemon does about GPUs in one round: look, label the Node, keep what pods need to use them.
import type { Config } from "../config/schema.ts";
import { GpuCordon } from "./gpu-cordon.ts";
import { GpuLabeler, type GpuLabelerOptions } from "./gpu-labels.ts";
import { GpuRuntime, type GpuRuntimeOptions } from "./gpu-runtime.ts";
import { type GpuView, GpuWatch, type GpuWatchOptions } from "./gpu-watch.ts";

export type GpusOptions = GpuWatchOptions &
  Omit<GpuLabelerOptions, "history"> &
  GpuRuntimeOptions & { readonly config: Config };

/** The GPUs of this machine. */
export class Gpus {
  readonly #watch: GpuWatch;
  readonly #labeler: GpuLabeler;
  readonly #runtime: GpuRuntime;
  readonly #cordon: GpuCordon;

  constructor(options: GpusOptions) {
    this.#cordon = new GpuCordon(options);
    this.#watch = new GpuWatch({ ...options, onJudged: (faults) => void this.#cordon.keep(faults) });
    this.#labeler = new GpuLabeler({ ...options, history: this.#watch.history });
    this.#runtime = new GpuRuntime(options);
  }

  /** As last seen; undefined until somebody has looked. */
  view(): GpuView | undefined {
    return this.#watch.view();
  }

  /** The Node is another one now, and has no labels yet. */
  forgetNode(): void {
    this.#labeler.forget();
    this.#cordon.forget();
  }

  /** One round. @throws file-unreadable */
  async round(): Promise<void> {
    await this.#watch.round();
    await Promise.all([this.#labeler.keep(this.view()), this.#runtime.round(this.view()?.facts)]);
  }
}

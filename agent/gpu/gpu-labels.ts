// The Node's labels for its GPUs, as NVIDIA's GPU Feature Discovery writes them. Where that is installed, the labels are its own.
// https://github.com/NVIDIA/k8s-device-plugin/blob/main/docs/gpu-feature-discovery/README.md
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { GPU_PRESENT_LABEL } from "../plan/gpu-node.ts";
import type { GpuHistory } from "./gpu-history.ts";
import type { GpuView } from "./gpu-watch.ts";

export interface GpuLabelerOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly api: () => NodeApi | undefined;
  /** Remembers which labels were written. */
  readonly history: GpuHistory;
}

type Labels = Readonly<Record<string, string>>;

interface OwnLabels {
  /** Whether GPU Feature Discovery owns the labels that describe the GPUs. */
  readonly isDiscovered: boolean;
  readonly written: readonly (readonly [key: string, value: string])[];
  readonly forOperator: Labels;
}

/** Only GPU Feature Discovery writes it. Where it is present, every label of GPUs belongs to GPU Feature Discovery. */
const DISCOVERY_LABEL = "nvidia.com/gfd.timestamp";
/** Labels that were right are checked again after this long. */
const CHECK_AGAIN_MS = 10 * 60_000;
const MAX_VALUE_LENGTH = 63;

/** Renders the labels of the observed GPUs. What is unknown at the moment is left out. */
export function renderGpuLabels({ facts, gpus }: GpuView): Readonly<Record<string, string>> {
  if (facts.busIds.length === 0) return {};
  const answering = gpus.filter(({ reading }) => reading !== undefined);
  const [first] = answering;
  const [major, minor, revision] = facts.driverVersion?.split(".") ?? [];
  const labels = {
    [GPU_PRESENT_LABEL]: "true",
    "nvidia.com/gpu.product": first?.product === undefined ? undefined : toLabelValue(first.product),
    "nvidia.com/gpu.count": first === undefined ? undefined : String(answering.length),
    "nvidia.com/gpu.memory": first?.reading?.memoryTotalMebibytes?.toString(),
    "nvidia.com/cuda.driver.major": major,
    "nvidia.com/cuda.driver.minor": minor,
    "nvidia.com/cuda.driver.rev": revision,
  };
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * What GPU Operator must know of a machine that has its driver: without it, it would install another one in a container. It keeps a value that is there.
 * https://github.com/NVIDIA/gpu-operator/blob/main/controllers/state_manager.go (addGPUStateLabels)
 */
export function renderOperatorLabels({ facts }: Pick<GpuView, "facts">): Readonly<Record<string, string>> {
  return facts.busIds.length === 0 || facts.driverVersion === undefined
    ? {}
    : { "nvidia.com/gpu.deploy.driver": "pre-installed" };
}

/** Keeps the Node's labels in step with its GPUs. */
export class GpuLabeler {
  readonly #options: GpuLabelerOptions;
  #kept: { readonly labels: string; readonly atMs: number } | undefined;

  constructor(options: GpuLabelerOptions) {
    this.#options = options;
  }

  /** Forgets the Node, which was deleted: the next one has none of the labels. */
  forget(): void {
    this.#kept = undefined;
  }

  /** Writes the labels that differ. When the cluster refuses, only the labels are missing. */
  async keep(view: GpuView | undefined): Promise<void> {
    const { host, board, log, api, history } = this.#options;
    const server = api();
    if (view === undefined || server === undefined || !board.isTrue("ApiReachable")) return;
    const wanted = renderGpuLabels(view);
    if (Object.keys(wanted).length === 0 && history.labels.length === 0) return;
    const forOperator = renderOperatorLabels(view);
    const labels = JSON.stringify([wanted, forOperator]);
    const atMs = host.clock.monotonic();
    if (this.#kept?.labels === labels && atMs - this.#kept.atMs < CHECK_AGAIN_MS) return;
    try {
      if (await this.#write(server, wanted, forOperator)) this.#kept = { labels, atMs };
    } catch (err) {
      if (describe(err).code === "api-unreachable") return; // The next round tries again.
      log.info({ err }, "the Node's labels for its GPUs were not written");
      this.#kept = { labels, atMs };
    }
  }

  /** Returns whether there was a Node to write to. @param forOperator written only where there is no value yet */
  async #write(server: NodeApi, wanted: Labels, forOperator: Labels): Promise<boolean> {
    const { config, log, history } = this.#options;
    const present = await server.readLabels(config.node.name);
    if (present === undefined) return false;
    const isConfigured = (key: string) => Object.hasOwn(config.node.labels, key);
    const isDiscovered = Object.hasOwn(present, DISCOVERY_LABEL);
    const own = isDiscovered ? [] : Object.entries(wanted).filter(([key]) => !isConfigured(key));
    const missing = Object.entries(forOperator).filter(([key]) => !Object.hasOwn(present, key) && !isConfigured(key));
    const isGone = Object.keys(wanted).every(isConfigured);
    const changes =
      isGone && !isDiscovered
        ? history.labels.filter((key) => Object.hasOwn(present, key)).map((key) => [key, null] as const)
        : [...own.filter(([key, value]) => present[key] !== value), ...missing];
    if (changes.length > 0) {
      await server.patchLabels(config.node.name, Object.fromEntries(changes));
      log.info({ labels: Object.fromEntries(changes) }, "the Node's labels for its GPUs were written");
    }
    await history.noteLabels(isGone ? [] : this.#listOwn({ isDiscovered, written: [...own, ...missing], forOperator }));
    return true;
  }

  /** A value that is unknown for the moment, such as a product while nvidia-smi hangs, stays on the Node and in our list. */
  #listOwn({ isDiscovered, written, forOperator }: OwnLabels): readonly string[] {
    const before = this.#options.history.labels.filter((key) => !isDiscovered || Object.hasOwn(forOperator, key));
    return [...new Set([...before, ...written.map(([key]) => key)])].toSorted();
  }
}

/** `NVIDIA A10` becomes `NVIDIA-A10`. Other characters that a label's value may not contain are removed. */
function toLabelValue(product: string): string {
  const value = product.replaceAll(" ", "-").replaceAll(/[^A-Za-z0-9._-]/g, "");
  return value.slice(0, MAX_VALUE_LENGTH).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}

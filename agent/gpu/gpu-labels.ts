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
/** As Node Feature Discovery labels a machine with a device of NVIDIA; NodeRestriction allows names below node.kubernetes.io. */
const PCI_LABEL = "feature.node.kubernetes.io/pci-10de.present";
const DRIVER_LABEL = "nvidia.com/gpu.deploy.driver";
/** `false` keeps GPU Operator's pods away: on the host's network they get no address, and would wait for ever. */
const OPERANDS_LABEL = "nvidia.com/gpu.deploy.operands";
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
 * What GPU Operator must know of this machine; it keeps values that are there. Without the first label it takes the machine for one
 * that has lost its GPUs: it sets gpu.present to false and removes its own labels. Without the driver's it would install another driver.
 * https://github.com/NVIDIA/gpu-operator/blob/main/controllers/state_manager.go (labelGPUNodes, addGPUStateLabels)
 * @param areOperandsOff whether it is to run nothing here; it removes the driver's label then
 */
export function renderOperatorLabels({ facts }: Pick<GpuView, "facts">, areOperandsOff: boolean): Labels {
  if (facts.busIds.length === 0) return {};
  const forOperands = areOperandsOff ? { [OPERANDS_LABEL]: "false" } : {};
  const isDriverKnown = facts.driverVersion !== undefined && !areOperandsOff;
  return { [PCI_LABEL]: "true", ...(isDriverKnown ? { [DRIVER_LABEL]: "pre-installed" } : forOperands) };
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
    const labels = JSON.stringify([wanted, view.facts.driverVersion]);
    const atMs = host.clock.monotonic();
    if (this.#kept?.labels === labels && atMs - this.#kept.atMs < CHECK_AGAIN_MS) return;
    try {
      if (await this.#write(server, view, wanted)) this.#kept = { labels, atMs };
    } catch (err) {
      if (describe(err).code === "api-unreachable") return; // The next round tries again.
      log.info({ err }, "the Node's labels for its GPUs were not written");
      this.#kept = { labels, atMs };
    }
  }

  /** Returns whether there was a Node to write to. */
  async #write(server: NodeApi, view: GpuView, wanted: Labels): Promise<boolean> {
    const { config, log, history } = this.#options;
    const present = await server.readLabels(config.node.name);
    if (present === undefined) return false;
    const forOperator = renderOperatorLabels(view, this.#areOperandsOff(present));
    const isConfigured = (key: string) => Object.hasOwn(config.node.labels, key);
    const isDiscovered = Object.hasOwn(present, DISCOVERY_LABEL);
    const own = isDiscovered ? [] : Object.entries(wanted).filter(([key]) => !isConfigured(key));
    const missing = Object.entries(forOperator).filter(([key]) => !Object.hasOwn(present, key) && !isConfigured(key));
    const isGone = Object.keys(wanted).every(isConfigured);
    const changes =
      isGone && !isDiscovered
        ? history.labels.filter((key) => Object.hasOwn(present, key)).map((key) => [key, null] as const)
        : [
            ...own.filter(([key, value]) => present[key] !== value),
            ...missing,
            ...this.#obsolete(present, forOperator),
          ];
    if (changes.length > 0) {
      await server.patchLabels(config.node.name, Object.fromEntries(changes));
      log.info({ labels: Object.fromEntries(changes) }, "the Node's labels for its GPUs were written");
    }
    await history.noteLabels(isGone ? [] : this.#listOwn({ isDiscovered, written: [...own, ...missing], forOperator }));
    return true;
  }

  /** What the configuration or a user says of the operands counts; a label of ours only while pods use the host's network. */
  #areOperandsOff(present: Labels): boolean {
    const { config } = this.#options;
    const ofUser = this.#isOwnOperandsLabel(present) ? undefined : present[OPERANDS_LABEL];
    const said = config.node.labels[OPERANDS_LABEL] ?? ofUser;
    return said === undefined ? config.network.cni === "host" : said === "false";
  }

  #isOwnOperandsLabel(present: Labels): boolean {
    return present[OPERANDS_LABEL] === "false" && this.#options.history.labels.includes(OPERANDS_LABEL);
  }

  /** Ours, of a time when pods used the host's network. */
  #obsolete(present: Labels, forOperator: Labels): readonly (readonly [key: string, value: null])[] {
    const isObsolete = this.#isOwnOperandsLabel(present) && !Object.hasOwn(forOperator, OPERANDS_LABEL);
    return isObsolete ? [[OPERANDS_LABEL, null]] : [];
  }

  /** A value that is unknown for the moment, such as a product while nvidia-smi hangs, stays on the Node and in our list. */
  #listOwn({ isDiscovered, written, forOperator }: OwnLabels): readonly string[] {
    const isKept = (key: string) => Object.hasOwn(forOperator, key) || (!isDiscovered && key !== OPERANDS_LABEL);
    const before = this.#options.history.labels.filter(isKept);
    return [...new Set([...before, ...written.map(([key]) => key)])].toSorted();
  }
}

/** `NVIDIA A10` becomes `NVIDIA-A10`. Other characters that a label's value may not contain are removed. */
function toLabelValue(product: string): string {
  const value = product.replaceAll(" ", "-").replaceAll(/[^A-Za-z0-9._-]/g, "");
  return value.slice(0, MAX_VALUE_LENGTH).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}

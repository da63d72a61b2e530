// What the cluster says now: the administrators' entries, the Nodes' keys, and where the API server and DNS are. Two watches keep it.
import type { V1ConfigMap } from "@kubernetes/client-node";
import { METADATA, METADATA_LIST } from "../kubernetes/api-client.ts";
import {
  type ConfigMapData,
  NETWORK_KEY,
  type NetworkEntry,
  type NetworkMap,
  readNetworkMap,
  renderNetworkEntry,
  renderNodeEntry,
} from "../tunnel/entries.ts";
import { NETWORK_CONFIG_MAP, TUNNEL_NAMESPACE } from "../tunnel/names.ts";
import type { ApiReport } from "./api-report.ts";
import { type Collection, type CollectionWatchOptions, watchCollection } from "./collection-watch.ts";
import type { LastGood } from "./last-good.ts";
import { NodeKeys, type NodeMetadata } from "./rotation/node-keys.ts";
import { readServiceAddresses, type ServiceAddresses } from "./service-addresses.ts";

export interface ClusterViewOptions extends Omit<CollectionWatchOptions, "answers"> {
  readonly report: Pick<ApiReport, "of">;
  /** Something that peers or rules follow from has changed. */
  readonly onChange: () => void;
}

const NO_DATA: ConfigMapData = {};
const NO_SERVICES: ServiceAddresses = { apiServers: [], clusterDns: [] };

export class ClusterView {
  readonly #options: ClusterViewOptions;
  #data: ConfigMapData | undefined;
  #keys: NodeKeys | undefined;
  #services: ServiceAddresses | undefined;
  /** Of the data that was parsed last. */
  #parsed: { readonly data: ConfigMapData; readonly map: NetworkMap } | undefined;
  #lastNetwork: NetworkEntry | undefined;

  constructor(options: ClusterViewOptions) {
    this.#options = options;
  }

  /** Adopts what an earlier run knew. */
  restore({ data, annotations, nextKeys, services }: LastGood): void {
    this.#data = data;
    this.#keys = NodeKeys.of(annotations, nextKeys);
    this.#services = services;
    this.map(); // What holds when the first answer of this run is damaged.
  }

  /** Whether entries and keys are known, from now or from an earlier run. Before that no peer is removed. */
  get isKnown(): boolean {
    return this.#data !== undefined && this.#keys !== undefined;
  }

  get data(): ConfigMapData {
    return this.#data ?? NO_DATA;
  }

  /** The entries that hold, as the ConfigMap has them: the next run does not know what was there before the damage. */
  get goodData(): ConfigMapData {
    const { network, nodes } = this.map();
    const entries = [...nodes].map(([name, entry]) => renderNodeEntry(name, entry));
    return Object.assign({}, ...entries, network && renderNetworkEntry(network));
  }

  get annotations(): ReadonlyMap<string, string> {
    return this.#keys?.current ?? new Map();
  }

  /** The keys to which nodes are about to change, by node. */
  get nextKeys(): ReadonlyMap<string, string> {
    return this.#keys?.next ?? new Map();
  }

  /** How large packets to nodes may be, by node, as they are written. */
  get mtus(): ReadonlyMap<string, string> {
    return this.#keys?.mtus ?? new Map();
  }

  get services(): ServiceAddresses {
    return this.#services ?? NO_SERVICES;
  }

  /** The entries. A damaged one cuts off no node: the last good one holds until an administrator mends or removes it. */
  map(): NetworkMap {
    const { data } = this;
    if (this.#parsed?.data === data) return this.#parsed.map;
    const read = readNetworkMap(data);
    this.#lastNetwork = read.network ?? (NETWORK_KEY in data ? this.#lastNetwork : undefined);
    const nodes = new Map([...this.#heldNodes(data, read.nodes), ...read.nodes]);
    const map = { ...read, nodes, network: this.#lastNetwork };
    this.#parsed = { data, map };
    return map;
  }

  /** The last good entries of those that are damaged now, unless another node has the address by now. */
  #heldNodes(data: ConfigMapData, now: NetworkMap["nodes"]): NetworkMap["nodes"] {
    const taken = new Set([...now.values()].map(({ address }) => address));
    const before = this.#parsed?.map.nodes ?? new Map();
    return new Map([...before].filter(([name, { address }]) => name in data && !now.has(name) && !taken.has(address)));
  }

  /** Follows both collections until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { report } = this.#options;
    await Promise.all([
      watchCollection({ ...this.#options, answers: report.of("entries") }, this.#entries(), signal),
      watchCollection({ ...this.#options, answers: report.of("nodes") }, this.#nodes(), signal),
    ]);
  }

  /** Reads where the API server and DNS are. */
  async servicesRound(): Promise<void> {
    const client = this.#options.api();
    if (client === undefined) return;
    const answers = this.#options.report.of("services");
    const services = await readServiceAddresses(client).catch(answers.onFailure);
    if (services === undefined) return;
    answers.onAnswer();
    if (JSON.stringify(services) === JSON.stringify(this.#services)) return;
    this.#services = services;
    this.#options.onChange();
  }

  #entries(): Collection<V1ConfigMap> {
    const see = (map: V1ConfigMap | undefined) => {
      this.#data = map?.data ?? {};
      this.#options.onChange();
    };
    return {
      path: `/api/v1/namespaces/${TUNNEL_NAMESPACE}/configmaps`,
      fieldSelector: `metadata.name=${NETWORK_CONFIG_MAP}`,
      onList: ([map]) => see(map),
      onEvent: (type, map) => see(type === "DELETED" ? undefined : map),
    };
  }

  #nodes(): Collection<NodeMetadata> {
    return {
      path: "/api/v1/nodes",
      accept: { list: METADATA_LIST, object: METADATA },
      onList: (nodes) => {
        this.#keys = NodeKeys.read(nodes);
        this.#options.onChange();
      },
      onEvent: (type, node) => {
        this.#keys ??= new NodeKeys();
        if (this.#keys.see(node, type === "DELETED")) this.#options.onChange();
      },
    };
  }
}

// Whether pods of this node get addresses, where the configuration wants it.
import type { ConditionType } from "../../board/condition-types.ts";
import type { ConditionBoard } from "../../board/conditions.ts";
import { type Family, family } from "../../board/metric-family.ts";
import { PATHS } from "../../config/paths.ts";
import type { Config } from "../../config/schema.ts";
import type { NodeFacts } from "../../facts/node-facts.ts";
import type { TunnelFacts } from "../../facts/tunnel/tunnel-facts.ts";
import type { Host } from "../../host/host.ts";
import { readCniFolders } from "../../plan/containerd-config.ts";
import { decidePodNetwork, type PodNetwork } from "../../plan/pods/pod-network.ts";
import { podCapacity } from "../../plan/pods/prefix.ts";
import { diagnosePodNetwork, diagnoseUnplanned } from "./pod-network-diagnosis.ts";
import { observePodNetwork } from "./pod-network-reader.ts";

/** While all is well, the rounds from one that asks iptables to the next. */
const FULL_EVERY_ROUNDS = 10;

export interface PodNetworkWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  /** Those of the last round of convergence; undefined before the first. */
  readonly tunnel: () => TunnelFacts | undefined;
  readonly facts: () => Pick<NodeFacts, "containerd" | "cluster"> | undefined;
}

/** Without it no pod with an address works: critical where the configuration wants addresses. */
export function criticalPodConditions({ network }: Config): readonly ConditionType[] {
  return network.cni === "routed" ? ["PodNetworkReady"] : [];
}

export class PodNetworkWatch {
  readonly #options: PodNetworkWatchOptions;
  /** Rounds in which files are enough; 0 while something is wrong. */
  #glances = 0;
  #used: number | undefined;

  constructor(options: PodNetworkWatchOptions) {
    this.#options = options;
  }

  status() {
    const network = this.#decide();
    if (network.kind !== "planned") return {};
    const { networks, mtu } = network;
    return { podNetwork: { networks, mtu, addresses: { used: this.#used, capacity: podCapacity(networks) } } };
  }

  metrics(): readonly Family[] {
    return [
      family("gauge", "pod_addresses_used", "Addresses that pods of this node have, with network.cni routed.", () =>
        this.#used === undefined ? [] : [{ value: this.#used }],
      ),
      family(
        "gauge",
        "pod_addresses_capacity",
        "Addresses that this node has for pods, with network.cni routed.",
        () => {
          const network = this.#decide();
          return network.kind === "planned" ? [{ value: podCapacity(network.networks) }] : [];
        },
      ),
    ];
  }

  /** Sets PodNetworkReady. @throws tools-missing, command-timeout, file-unreadable */
  async round(): Promise<void> {
    const { host, board, tunnel } = this.#options;
    const network = this.#decide();
    if (network.kind !== "planned") {
      this.#used = undefined;
      this.#glances = 0;
      return board.set("PodNetworkReady", diagnoseUnplanned(network, tunnel()));
    }
    const { containerd } = this.#options.facts() ?? {};
    const folders = containerd === undefined ? [PATHS.cniBinFolder] : readCniFolders(containerd);
    const isGlance = this.#glances > 0;
    const observation = await observePodNetwork(host, { folders, isGlance });
    this.#used = observation.used;
    const report = diagnosePodNetwork(network, observation);
    if (report.status !== "True") this.#glances = 0;
    else this.#glances = isGlance ? this.#glances - 1 : FULL_EVERY_ROUNDS - 1;
    board.set("PodNetworkReady", report);
  }

  #decide(): PodNetwork {
    const { config, tunnel, facts } = this.#options;
    return decidePodNetwork(config, tunnel(), facts()?.cluster?.ipFamily);
  }
}

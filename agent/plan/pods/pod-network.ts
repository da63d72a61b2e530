// Whether pods of this node get addresses of their own, and of which networks: the configuration wants it, and the node's entry has them.
import type { Config } from "../../config/schema.ts";
import { SatelliteError } from "../../errors.ts";
import type { TunnelFacts } from "../../facts/tunnel/tunnel-facts.ts";
import { decideTunnel, planTunnel } from "../tunnel/tunnel-plan.ts";
import type { PodLinks } from "./conflist.ts";
import { podCapacity } from "./prefix.ts";

export type PodNetwork =
  /** Another plugin, or the host's network. */
  | { readonly kind: "unused"; readonly message: string }
  /** The cluster has not been asked for the node's entry yet: what is there stays. */
  | { readonly kind: "unknown" }
  /** It is wanted, and cannot be planned: what is there stays. */
  | { readonly kind: "lacking"; readonly problem: SatelliteError }
  | ({ readonly kind: "planned" } & PodLinks);

/** Decides it from what is known of the tunnel. */
export function decidePodNetwork(
  config: Config,
  facts: TunnelFacts | undefined,
  ipFamily: "ipv4" | "ipv6" | undefined,
): PodNetwork {
  const { cni } = config.network;
  if (cni === "host") return { kind: "unused", message: "pods use the host's network (network.cni: host)" };
  if (cni === "none")
    return { kind: "unused", message: "another plugin gives pods their addresses (network.cni: none)" };
  if (facts === undefined || facts.kind === "waiting") return { kind: "unknown" };
  const { tunnel, problem } = decideTunnel(facts, ipFamily);
  if (tunnel === undefined) return { kind: "lacking", problem: problem ?? tunnelMissing(facts) };
  if (podCapacity(tunnel.pods) === 0) return { kind: "lacking", problem: prefixMissing(config, tunnel.pods) };
  const mtus = planTunnel(config, tunnel).flatMap((resource) => (resource.kind === "tunnel" ? [resource.mtu] : []));
  return { kind: "planned", networks: tunnel.pods, mtu: Math.min(...mtus) };
}

/** How many pods kubelet may run: one that gets no address would only be tried again and again. */
export function maxPodsOf({ kubelet }: Pick<Config, "kubelet">, network: PodNetwork): number {
  return network.kind === "planned" ? Math.min(kubelet.maxPods, podCapacity(network.networks)) : kubelet.maxPods;
}

function tunnelMissing(facts: TunnelFacts): SatelliteError {
  const why = facts.kind === "none" ? facts.message : facts.kind === "damaged" ? facts.problem.message : "";
  return new SatelliteError("pod-tunnel-missing", `network.cni is routed, and this node has no tunnel: ${why}`, {
    hint: "Addresses of pods lie behind the tunnel. An administrator: eks-satellite gateway create, then eks-satellite authorize … --tunnel. Until then what containerd has stays; network.cni: host needs no tunnel.",
  });
}

function prefixMissing({ node, network }: Config, pods: readonly string[]): SatelliteError {
  const what = pods.length === 0 ? "has no network for its pods" : `has no address for a pod in ${pods.join(", ")}`;
  const how =
    network.tunnel.mode === "static"
      ? "Name it in network.tunnel.pods; the gateway must have the same."
      : `An administrator: eks-satellite authorize … --node-name ${node.name} --tunnel gives it one.`;
  return new SatelliteError("pod-prefix-missing", `network.cni is routed, and this node's entry ${what}`, {
    hint: how,
  });
}

// What a node's identity makes of its Node: the label by which EKS's add-ons know it, the taint, and the providerID.
import type { Config } from "../config/schema.ts";

export const COMPUTE_TYPE = "eks.amazonaws.com/compute-type";
/** Fargate's own nodes have the compute type too, and run no DaemonSet: this label is of machines alone. */
export const IDENTITY_LABEL = "eks-satellite.io/identity";

type Taint = Config["node"]["taints"][number];

/** By it EKS's add-ons know what this Node is: on neither run aws-node and the EBS CSI node; kube-proxy and CoreDNS run on `hybrid` alone. By the second one a copy of kube-proxy finds the others. */
export function identityLabels({ node }: Config): Readonly<Record<string, string>> {
  const own = node.identity === "fargate" ? { [IDENTITY_LABEL]: node.identity } : {};
  return { [COMPUTE_TYPE]: node.identity, ...own };
}

const ZONE_LABEL = "topology.kubernetes.io/zone";
const LABEL_MAX_LENGTH = 63;

/**
 * Without a zone of its own a satellite takes the effect from `trafficDistribution` for the whole cluster: kube-proxy heeds the hints of a
 * Service when each of its endpoints has one, and an endpoint has one when its Node has a zone (pkg/proxy/topology.go).
 */
export function zoneLabel({ node }: Config): Readonly<Record<string, string>> {
  if (node.zone === "none" || ZONE_LABEL in node.labels) return {};
  const own = `satellite-${node.name}`.slice(0, LABEL_MAX_LENGTH).replace(/[^A-Za-z0-9]{1,63}$/, "");
  return { [ZONE_LABEL]: node.zone ?? own };
}

/** The taint of Fargate's own nodes, where it is wanted and not among the configured ones. */
export function computeTypeTaints({ node }: Config): readonly Taint[] {
  const isConfigured = node.taints.some(({ key, effect }) => key === COMPUTE_TYPE && effect === "NoSchedule");
  return node.computeTypeTaint && !isConfigured
    ? [{ key: COMPUTE_TYPE, value: node.identity, effect: "NoSchedule" }]
    : [];
}

/**
 * A scheme that is not AWS's keeps the cloud controller from looking the Node up, and so from deleting it; nor may the last part
 * begin with `i-` or `fargate-` (cloud-provider-aws, pkg/providers/v1/instances.go).
 */
export function providerIdOf({ cluster, node }: Pick<Config, "cluster" | "node">): string {
  return node.identity === "fargate"
    ? fargateProviderId(cluster, node.eni ?? "")
    : `eks-hybrid:///${cluster.region}/${cluster.name}/${node.name}`;
}

/** The providerID that a machine with this network interface will have. */
export function fargateProviderId(cluster: Config["cluster"], eni: string): string {
  return `eks-satellite:///${cluster.region}/${cluster.name}/${eni}`;
}

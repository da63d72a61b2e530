// Whether this node's network can be expected to lead to the cluster's Services: without a way nothing is wrong when they do not answer.
import type { ClusterFacts } from "../../aws/cluster.ts";
import type { Config } from "../../config/schema.ts";
import { isInNetworks } from "../../facts/remote-network.ts";

export interface NetworkSituation {
  readonly identity: Config["node"]["identity"];
  /** A tunnel to the cluster's network is in use. */
  readonly hasTunnel: boolean;
  /** The node's address, as the cluster sees it. */
  readonly address: string | undefined;
  readonly cluster: Pick<ClusterFacts, "remoteNetworks">;
  /** Whether a kube-proxy has answered on this machine. */
  readonly hasSeenKubeProxy: boolean;
}

/** Why Services need not work here; undefined where they must. */
export function whyNotUsed({
  identity,
  hasTunnel,
  address,
  cluster,
  hasSeenKubeProxy,
}: NetworkSituation): string | undefined {
  if (hasTunnel) return undefined;
  const isRouted = address !== undefined && isInNetworks(address, cluster.remoteNetworks?.nodes ?? []);
  // EKS's kube-proxy runs on every hybrid node, and on one of identity fargate only where an administrator wants it.
  if (!isRouted && identity === "hybrid")
    return `there is no tunnel, and the node's address ${address ?? "is unknown and"} lies in none of the cluster's remote networks`;
  // With a network of the user's own something else may program Services.
  return hasSeenKubeProxy ? undefined : "there is no tunnel, and no kube-proxy has answered on this machine";
}

// The cluster's remote networks: without this node's among them kubectl logs and exec fail.

import type { ClusterFacts } from "../aws/cluster.ts";
import type { Config } from "../config/schema.ts";
import { readMachine } from "../facts/machine.ts";
import { findRemoteNetworkProblem } from "../facts/remote-network.ts";
import type { Host } from "../host/host.ts";
import { readTunnelFacts } from "../network/tunnel-facts.ts";
import { nodeAddress } from "../plan/kubelet-flags.ts";
import { tunnelAddress } from "../plan/tunnel/tunnel-plan.ts";
import { type Check, configured, failed, ok, unknown } from "./check.ts";

/** The address that kubelet is given on this machine, as it is now. */
export async function readNodeAddress(
  host: Host,
  config: Config,
  { ipFamily, serviceCidr }: Pick<ClusterFacts, "ipFamily" | "serviceCidr">,
): Promise<string | undefined> {
  const [machine, tunnel] = await Promise.all([
    readMachine(host, config.imageCredentialProvider.path),
    readTunnelFacts(host, config, serviceCidr),
  ]);
  return nodeAddress(config, machine, ipFamily, tunnelAddress(tunnel, ipFamily));
}

export const REMOTE_NETWORK_CHECK: Check = configured({
  name: "remote-network",
  checks: "the cluster's `remoteNetworkConfig` has the address of a hybrid node",
  run: async ({ host, knownCluster }, config) => {
    if (config.node.identity !== "hybrid") return ok(`a node with identity ${config.node.identity} needs none`);
    const cluster = await knownCluster().catch(() => undefined);
    if (cluster?.remoteNetworks === undefined) return unknown("the cluster is not known: see describe-cluster");
    const address = await readNodeAddress(host, config, cluster);
    const problem = findRemoteNetworkProblem(cluster, address);
    return problem === undefined
      ? ok(`${address} is in ${cluster.remoteNetworks.nodes.join(", ") || "no network that EKS asks for"}`)
      : failed(problem, "warn");
  },
});

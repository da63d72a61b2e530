// Whether pods get addresses and a way, with `network.cni: routed`; without the daemon's patience for a firewall that is being reloaded.

import { PATHS } from "../../config/paths.ts";
import type { Config } from "../../config/schema.ts";
import { readContainerdFacts } from "../../facts/containerd-facts.ts";
import { diagnosePodNetwork, diagnoseUnplanned } from "../../network/pods/pod-network-diagnosis.ts";
import { observePodNetwork } from "../../network/pods/pod-network-reader.ts";
import { readTunnelFacts } from "../../network/tunnel-facts.ts";
import { readCniFolders } from "../../plan/containerd-config.ts";
import { decidePodNetwork } from "../../plan/pods/pod-network.ts";
import { podCapacity } from "../../plan/pods/prefix.ts";
import { type Check, configured, type Finding, fail, ok, pending, unknown } from "../check.ts";
import type { CheckContext } from "../context.ts";

export const POD_NETWORK_CHECK: Check = configured({
  name: "pod-network",
  checks:
    "with `network.cni: routed`: the node has a network for pods, and its plugins, configuration and packet filter are there",
  run: checkPodNetwork,
});

async function checkPodNetwork({ host, knownCluster, daemon }: CheckContext, config: Config): Promise<Finding> {
  const cluster = await knownCluster().catch(() => undefined);
  const tunnel = await readTunnelFacts(host, config, cluster?.serviceCidr);
  const network = decidePodNetwork(config, tunnel, cluster?.ipFamily);
  if (network.kind === "unused") return ok(`not used: ${network.message}`);
  if (network.kind !== "planned") {
    const { status, message, hint } = diagnoseUnplanned(network, tunnel);
    return status === "False" && hint !== undefined ? fail(message, hint) : unknown(message);
  }
  const facts = await readContainerdFacts(host, config.containerd.configFile).catch(() => undefined); // Check containerd reports it.
  const folders = facts === undefined ? [PATHS.cniBinFolder] : readCniFolders(facts);
  const observation = await observePodNetwork(host, { folders, isGlance: host.userId !== 0 });
  const { status, message, hint } = diagnosePodNetwork(network, observation);
  if (status === "True") return ok(`${message}; ${observation.used} of ${podCapacity(network.networks)} are given`);
  if ((await daemon()) === undefined) return pending(message, "the daemon makes it");
  return fail(message, hint ?? "");
}

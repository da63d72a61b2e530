// Services and cluster DNS, as a pod of this node would use them; without the daemon's patience for a node that has just started.
import type { Report } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { readMachine } from "../facts/machine.ts";
import { whyNotUsed } from "../network/services/expectation.ts";
import { diagnoseClusterDns, diagnoseServices } from "../network/services/services-diagnosis.ts";
import { askKubeProxy, observeServices, type ServicesObservation } from "../network/services/services-reader.ts";
import { readTunnelFacts } from "../network/tunnel-facts.ts";
import { nodeAddress } from "../plan/kubelet-flags.ts";
import { tunnelAddress } from "../plan/tunnel/tunnel-plan.ts";
import { type Check, configured, type Finding, ok, pending, unknown, warn } from "./check.ts";
import type { CheckContext } from "./context.ts";

export const SERVICES_CHECKS: readonly Check[] = [
  configured({
    name: "services",
    checks: "kube-proxy's rules are fresh, and the API server answers at its Service's address",
    run: (context, config) => ask(context, config, diagnoseServices),
  }),
  configured({
    name: "cluster-dns",
    checks: "cluster DNS knows the API server's Service",
    run: (context, config) => ask(context, config, diagnoseClusterDns),
  }),
];

async function ask(
  { host, knownCluster, daemon }: CheckContext,
  config: Config,
  diagnose: (observation: ServicesObservation) => Report,
): Promise<Finding> {
  const cluster = await knownCluster().catch(() => undefined);
  if (cluster === undefined) return unknown("the cluster is not known: see describe-cluster");
  const [machine, tunnel] = await Promise.all([
    readMachine(host, config.imageCredentialProvider.path),
    readTunnelFacts(host, config, cluster.serviceCidr),
  ]);
  const inTunnel = tunnelAddress(tunnel, cluster.ipFamily);
  const address = nodeAddress(config, machine, cluster.ipFamily, inTunnel);
  const { identity } = config.node;
  // On a hybrid node a kube-proxy that never came is worth a word; the daemon waits for it.
  const hasSeenKubeProxy = identity === "hybrid" || (await askKubeProxy(host)).kind !== "absent";
  const notUsed = whyNotUsed({ identity, hasTunnel: inTunnel !== undefined, address, cluster, hasSeenKubeProxy });
  if (notUsed !== undefined) return ok(`not used: ${notUsed}`);
  const { status, message, hint } = diagnose(await observeServices({ host, config, cluster, address }));
  if (status === "True") return ok(message);
  if ((await daemon()) === undefined) return pending(message, "kube-proxy comes once the node has joined");
  return status === "False" && hint !== undefined ? warn(message, hint) : unknown(message);
}

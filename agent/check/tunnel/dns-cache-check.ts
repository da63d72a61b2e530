// Whether the cache for names answers, with `network.dns: cached`; without the daemon's patience for a node that has just started.
import type { Config } from "../../config/schema.ts";
import { readContainerdConfig } from "../../facts/containerd.ts";
import { readDnsFacts } from "../../facts/dns/dns-facts.ts";
import { diagnoseDnsCache } from "../../network/dns/dns-cache-diagnosis.ts";
import { observeDnsCache } from "../../network/dns/dns-cache-reader.ts";
import { findUnused } from "../../network/dns/dns-cache-watch.ts";
import { type Check, configured, type Finding, fail, ok, pending } from "../check.ts";
import type { CheckContext } from "../context.ts";

export const DNS_CACHE_CHECK: Check = configured({
  name: "dns-cache",
  checks: "with `network.dns: cached`: the cache on this machine runs, has its port, and answers",
  run: checkDnsCache,
});

async function checkDnsCache({ host, knownCluster, daemon }: CheckContext, config: Config): Promise<Finding> {
  const [cluster, containerd] = await Promise.all([
    knownCluster().catch(() => undefined),
    readContainerdConfig(host, config.containerd.configFile).catch(() => undefined), // Check containerd reports it.
  ]);
  const dns = await readDnsFacts(host, containerd);
  const unused = findUnused(config, { cluster, dns });
  if (unused?.reason === "NotUsed") return ok(`not used: ${unused.message}`);
  if (unused?.status === "False") return fail(unused.message, unused.hint ?? "");
  const observation = await observeDnsCache(host, config);
  const node = { nodeName: config.node.name, image: config.network.dnsImage };
  const { status, message, hint } = diagnoseDnsCache(observation, node, false);
  if (status === "True") return ok(`${unused?.message ?? message}, in ${observation.latencyMs.toFixed(1)} ms`);
  if ((await daemon()) === undefined) return pending(message, "kubelet starts it once the node has joined");
  return fail(message, hint ?? "");
}

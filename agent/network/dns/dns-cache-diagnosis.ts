// Why the cache for names does not answer, from what was asked: the cause that hides the others comes first.
import type { Report } from "../../board/conditions.ts";
import { DNS_CACHE_ADDRESS, DNS_CACHE_NAMESPACE, DNS_CACHE_POD } from "../../config/network/dns-cache.ts";
import type { DnsCacheObservation } from "./dns-cache-reader.ts";

export interface CacheNode {
  readonly nodeName: string;
  readonly image: string;
}

/** The state of DnsCacheWorking where a cache is wanted. @param isStale it has given answers whose time had run out since the last look */
export function diagnoseDnsCache(observation: DnsCacheObservation, node: CacheNode, isStale: boolean): Report {
  const { counts, answer, name } = observation;
  if (counts === undefined) return { status: "False", ...findAbsence(observation, node) };
  if (answer.kind === "silent" || answer.kind === "refused")
    return {
      status: "False",
      reason: "DnsCacheSilent",
      message: `CoreDNS runs on this machine, and a question for ${name} at ${DNS_CACHE_ADDRESS} gets no answer`,
      hint: `${logsOf(node)}; a firewall of the machine may drop port 53: iptables -S INPUT.`,
    };
  if (isStale || answer.kind === "unknown")
    return {
      status: "True",
      reason: "ServesStale",
      message:
        "cluster DNS does not answer the cache: cluster names of the last hour are answered as they were, and others are not known",
      hint: "See ClusterDnsWorking. Public names are not affected.",
    };
  return { status: "True", reason: "Answers", message: `the cache at ${DNS_CACHE_ADDRESS} knows ${name}` };
}

function findAbsence({ listener, hasPod }: DnsCacheObservation, node: CacheNode): Omit<Report, "status"> {
  if (listener !== undefined)
    return {
      reason: "DnsPortTaken",
      message: `port 53 of ${DNS_CACHE_ADDRESS} is taken${listener.words}: the cache cannot listen there`,
      hint: "ss -lnp 'sport = :53'. A name server that listens at every address has it: let it listen at its own (dnsmasq: bind-interfaces; named: listen-on), or set network.dns: cluster.",
    };
  if (hasPod === false)
    return {
      reason: "DnsCachePodMissing",
      message: `kubelet has not started the static pod ${DNS_CACHE_NAMESPACE}/${DNS_CACHE_POD}-${node.nodeName}`,
      hint: "journalctl -u eks-satellite says what kubelet thinks of the manifest; flags of kubelet.flags, such as pod-manifest-path, may name another folder.",
    };
  return {
    reason: "DnsCacheNotRunning",
    message: `the container of the static pod ${DNS_CACHE_NAMESPACE}/${DNS_CACHE_POD}-${node.nodeName} does not run: pods that ask it resolve no name`,
    hint: `${logsOf(node)}; its image is ${node.image} (network.dnsImage), which must be on the machine or to be had.`,
  };
}

function logsOf({ nodeName }: CacheNode): string {
  const pod = `${DNS_CACHE_POD}-${nodeName}`;
  return `kubectl -n ${DNS_CACHE_NAMESPACE} describe pod ${pod}, and logs ${pod}`;
}

// What pods with addresses need of the packet filter and of the address translation.
import type { Config } from "../../config/schema.ts";
import { FIREWALL_CHAIN } from "../../tunnel/names.ts";
import type { FirewallResource } from "../tunnel/resources.ts";

/** The node's ends of pods' links, as ptp and bridge name them. */
const POD_LINKS = "veth+";

/**
 * The rules of the filter's chain. Docker sets the policy of FORWARD to DROP, and a firewall of the machine that of INPUT: without them pods
 * reach neither the internet nor the node, and a host port leads nowhere.
 */
export function podFilterRules(
  cni: Config["network"]["cni"],
  pods: readonly string[],
  interfaces: readonly string[],
): readonly string[] {
  if (cni === "host") return [];
  return pods.flatMap((network) => [
    ...interfaces.flatMap((name) => [`-d ${network} -i ${name} -j ACCEPT`, `-s ${network} -o ${name} -j ACCEPT`]),
    ...(cni === "routed"
      ? [
          // The link is named: a packet of the machine's own network with a pod's address is no pod's.
          `-s ${network} -i ${POD_LINKS} -j ACCEPT`,
          // DNAT: a connection to a host port or a node port, whose destination has been translated.
          `-d ${network} -o ${POD_LINKS} -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT`,
        ]
      : []),
  ]);
}

/** Pods reach the internet under the machine's address. What stays among pods, or goes through a tunnel, keeps the pod's. */
export function planPodNat(
  cni: Config["network"]["cni"],
  pods: readonly string[],
  interfaces: readonly string[],
): readonly FirewallResource[] {
  if (cni !== "routed" || pods.length === 0) return [];
  return [
    {
      kind: "firewall",
      table: "nat",
      chain: FIREWALL_CHAIN,
      parents: ["POSTROUTING"],
      rules: [
        ...interfaces.map((name) => `-o ${name} -j RETURN`),
        ...pods.map((network) => `-d ${network} -j RETURN`),
        ...pods.map((network) => `-s ${network} -j MASQUERADE`),
      ],
      why: "pods reach the internet under the machine's address",
    },
  ];
}

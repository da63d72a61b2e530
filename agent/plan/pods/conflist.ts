// The CNI configuration of pods with addresses: a link of two ends for each pod, an address of the node's networks, and host ports.
import { POD_NETWORK } from "../../tunnel/names.ts";

/** The plugins that it names, and `loopback`, which containerd runs for every pod: file names in the folder of plugins. */
export const POD_PLUGINS = ["host-local", "loopback", "portmap", "ptp"] as const;

export interface PodLinks {
  /** Networks of this node's pods. */
  readonly networks: readonly string[];
  readonly mtu: number;
}

/**
 * Renders the list. ptp needs no bridge: the node's end of each link is the pod's gateway, and the node routes. The plugin `firewall` is left
 * out: a chain of the daemon's own lets pods pass, and one rule for each pod would only be there twice.
 */
export function renderConflist({ networks, mtu }: PodLinks): string {
  const ipam = {
    type: "host-local",
    // One address for each pod, from whichever network has a free one.
    ranges: [networks.map((subnet) => ({ subnet }))],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const plugins = [
    // What leaves by the machine's own way out is masqueraded by the daemon's chain: what goes through the tunnel must not be.
    { type: "ptp", ipMasq: false, mtu, ipam },
    { type: "portmap", capabilities: { portMappings: true }, snat: true },
  ];
  return `${JSON.stringify({ cniVersion: "0.4.0", name: POD_NETWORK, plugins }, undefined, 2)}\n`;
}

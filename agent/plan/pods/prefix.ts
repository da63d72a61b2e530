// How many pods a network has room for.

/** The network's own address, the gateway's, which is the node's end of every pod's link, and the last one: host-local gives none of them. */
const RESERVED = 3;

/** The addresses that host-local gives to pods, of all of these networks. */
export function podCapacity(networks: readonly string[]): number {
  return networks.reduce((sum, network) => sum + capacityOf(network), 0);
}

function capacityOf(network: string): number {
  const length = Number(network.slice(network.indexOf("/") + 1));
  return Math.max(0, 2 ** (32 - length) - RESERVED);
}

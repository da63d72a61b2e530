// Addresses and networks, by Node's own lists.
import { BlockList, isIPv4 } from "node:net";

/** Whether an IPv4 address is in one of the networks; each is in CIDR notation, or one address. What is no IPv4 is in none. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  if (!isIPv4(address)) return false;
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", length = "32"] = network.split("/");
    if (isIPv4(base) && /^([12]?\d|3[0-2])$/.test(length)) list.addSubnet(base, Number(length), "ipv4");
  }
  return list.check(address, "ipv4");
}

/** Whether it is an IPv4 address. */
export const isIpv4 = isIPv4;

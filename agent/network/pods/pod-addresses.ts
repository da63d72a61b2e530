// The addresses that host-local has given to pods: a file each, named for the address (containernetworking plugins, ipam/host-local).
import ipaddr from "ipaddr.js";
import { POD_ADDRESSES_FOLDER } from "../../config/paths.ts";
import type { Host } from "../../host/host.ts";

/** How many addresses pods have. Other files there are host-local's lock, and the address that it gave last. */
export async function countPodAddresses({ files }: Pick<Host, "files">): Promise<number> {
  const names = await files.list(POD_ADDRESSES_FOLDER);
  return names.filter((name) => ipaddr.IPv4.isValidFourPartDecimal(name)).length;
}

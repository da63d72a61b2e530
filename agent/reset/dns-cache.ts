// The address of the cache for names. Its pod goes with the other pods, its files with what was there before.
import { hasOwnAddress, removeAddress } from "../apply/tunnel/address.ts";
import { DNS_CACHE_ADDRESS } from "../config/network/dns-cache.ts";
import { hasCode } from "../errors.ts";
import type { Step, StepOptions } from "./step.ts";

export function dnsCacheStep({ host }: StepOptions): Step {
  /** A machine without ip has no address from it. */
  const isThere = async () => {
    try {
      return await hasOwnAddress(host, DNS_CACHE_ADDRESS);
    } catch (error) {
      if (hasCode(error, "tools-missing")) return false;
      throw error;
    }
  };
  return {
    name: "remove the address of the cache for names",
    list: async () => ((await isThere()) ? [`remove the address ${DNS_CACHE_ADDRESS} of lo`] : []),
    run: async () => {
      if (await isThere()) await removeAddress(host, DNS_CACHE_ADDRESS);
      return [];
    },
  };
}

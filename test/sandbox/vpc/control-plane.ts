// The control plane's network interfaces in the VPC, and the cluster's word on where its API server is.
import type { Addresses } from "../addresses.ts";
import { ensureRule, setAddress } from "../links.ts";
import { apiEniAddresses, type VpcAddresses } from "./addresses.ts";
import { plug } from "./attach.ts";
import type { Cloud } from "./cloud.ts";
import { replaceRules } from "./topology.ts";

/** What connections of the control plane come from until it is known through which interface they go. */
export const balancedSource = "169.254.100.1";

/** The control plane's name for one of its interfaces in the VPC. */
export function apiDevice(index: number): string {
  return `eni${index}`;
}

/** The routing table of what is sent from one of the interfaces' addresses. */
export function eniTable(index: number): string {
  return String(101 + index);
}

/**
 * Plugs EKS's interfaces into the control plane. Its connections go through them by turns, as those of several API servers do:
 * a route that only one of their subnets has breaks every second one.
 */
export async function plugControlPlane(addresses: Addresses, vpc: VpcAddresses, cloud: Cloud): Promise<void> {
  const { controlNamespace: control } = addresses;
  await setAddress(control, "lo", balancedSource, 32);
  for (const [index, address] of apiEniAddresses.entries()) {
    const eni = cloud.interfaces.find((found) => found.address === address);
    if (eni === undefined) throw new Error(`AWS has no network interface with ${address} for the API server`);
    const device = apiDevice(index);
    await plug(vpc, eni.id, [control, device]);
    await setAddress(control, device, address, 32);
    await ensureRule(control, ["from", address, "lookup", eniTable(index)]);
  }
  await ensureRule(control, ["fwmark", "2", "lookup", eniTable(1)]);
  await replaceRules(control, [
    "*mangle",
    `-A OUTPUT -s ${balancedSource} -m connmark --mark 0 -m statistic --mode nth --every 2 --packet 1 -j CONNMARK --set-mark 2`,
    `-A OUTPUT -s ${balancedSource} -m connmark --mark 0 -j CONNMARK --set-mark 1`,
    `-A OUTPUT -s ${balancedSource} -j CONNMARK --restore-mark`,
    "COMMIT",
    "*nat",
    ...apiEniAddresses.map(
      (address, index) => `-A POSTROUTING -s ${balancedSource} -o ${apiDevice(index)} -j SNAT --to-source ${address}`,
    ),
  ]);
}

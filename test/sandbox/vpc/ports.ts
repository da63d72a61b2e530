// The network interfaces that are plugged into the fabric, with what AWS says of each.
import { ip } from "../links.ts";
import { fabricPort } from "./attach.ts";
import type { Cloud, CloudInterface, CloudRouteTable } from "./cloud.ts";

/** A network interface and the name of its port. */
export interface Port extends CloudInterface {
  readonly port: string;
}

/** Those of AWS's interfaces that have a port among `links`, in the order of AWS. */
export function portsOf(cloud: Cloud, links: ReadonlySet<string>): readonly Port[] {
  return cloud.interfaces.map((eni) => ({ ...eni, port: fabricPort(eni.id) })).filter(({ port }) => links.has(port));
}

/** Names of the links in a namespace. */
export async function readLinks(namespace: string): Promise<ReadonlySet<string>> {
  const links: readonly { readonly ifname: string }[] = JSON.parse(
    (await ip(["-n", namespace, "-json", "link", "show"])).stdout,
  );
  return new Set(links.map(({ ifname }) => ifname));
}

/** The table by which packets from a subnet go: its own, or the main one. */
export function tableOf({ routeTables }: Cloud, subnet: string): CloudRouteTable | undefined {
  return routeTables.find(({ subnets }) => subnets.includes(subnet)) ?? routeTables.find(({ isMain }) => isMain);
}

// Plugging network interfaces of the VPC into network namespaces: those of instances, and the control plane's.
import { createHash } from "node:crypto";
import { ensureLink, ensureNamespace, hasLink, ip, setAddress, setParameters } from "../links.ts";
import { eniDevice, type VpcAddresses } from "./addresses.ts";

/** A network interface as EC2 describes it, as much of it as a plug needs. */
export interface PluggedInterface {
  readonly id: string;
  /** Its primary private address. */
  readonly address: string;
  /** The CIDR of its subnet; the first address of it is the router's. */
  readonly subnetCidr: string;
}

/** EC2's links inside a VPC carry jumbo frames. */
const vpcMtu = "9001";

/**
 * Makes the network namespace unless it is there, and plugs network interfaces into it as ens5, ens6, …: each with its address, and
 * a default route through the first. Routes, security groups, source/dest check and Elastic IPs follow from AWS's side, and from
 * later changes there, within a second. Before the instance boots, or while it runs; again does no harm.
 */
export async function attachInstance(
  vpc: VpcAddresses,
  namespace: string,
  interfaces: readonly PluggedInterface[],
): Promise<void> {
  await ensureNamespace(namespace);
  await setParameters(namespace, { "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0" });
  for (const [index, { id, address, subnetCidr }] of interfaces.entries()) {
    const device = eniDevice(index);
    await plug(vpc, id, [namespace, device]);
    await setAddress(namespace, device, address, prefixLengthOf(subnetCidr));
    const metric = ["metric", String(512 + index)];
    await ip(["-n", namespace, "route", "replace", "default", "via", routerOf(subnetCidr), "dev", device, ...metric]);
  }
}

/** Unplugs an instance: its interfaces go, and its namespace with what still runs in it does not. */
export async function detachInstance(vpc: VpcAddresses, interfaces: readonly Pick<PluggedInterface, "id">[]) {
  for (const { id } of interfaces)
    await ip(["-n", vpc.fabricNamespace, "link", "delete", fabricPort(id)]).catch(() => undefined); // never plugged
}

/** Makes the link between the fabric and a namespace. The fabric knows its ports by their names. */
export async function plug({ fabricNamespace }: VpcAddresses, eniId: string, end: readonly [string, string]) {
  const port = fabricPort(eniId);
  // AWS may have begun anew, with other ids for the same interfaces.
  if (!(await hasLink([fabricNamespace, port])))
    await ip(["-n", end[0], "link", "delete", end[1]]).catch(() => undefined); // it was never plugged
  await ensureLink([fabricNamespace, port], end);
  await ip(["-n", end[0], "link", "set", end[1], "mtu", vpcMtu, "up"]);
  await ip(["-n", fabricNamespace, "link", "set", port, "mtu", vpcMtu, "alias", eniId, "up"]);
  // The VPC answers for every address that it delivers to, at once: the kernel would wait for up to 0.8 s.
  await setParameters(fabricNamespace, {
    [`ipv4/conf/${port}/proxy_arp`]: "1",
    [`ipv4/neigh/${port}/proxy_delay`]: "0",
    [`ipv4/conf/${port}/send_redirects`]: "0",
  });
}

/** The name of an interface's port in the fabric: the kernel takes 15 characters, and an id has more. */
export function fabricPort(eniId: string): string {
  return `eni-${createHash("sha256").update(eniId).digest("hex").slice(0, 11)}`;
}

/** The first address of a subnet after its own: AWS's router. */
export function routerOf(cidr: string): string {
  const bytes = (cidr.split("/")[0] ?? "").split(".").map(Number);
  return [...bytes.slice(0, 3), (bytes[3] ?? 0) + 1].join(".");
}

function prefixLengthOf(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

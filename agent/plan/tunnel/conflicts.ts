// A tunnel is refused before anything is set when it would take away a part of the machine's own network.
import ipaddr from "ipaddr.js";
import { SatelliteError } from "../../errors.ts";
import type { Surroundings, WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";

/** A network of the tunnel, and the words for it. */
interface Named {
  readonly what: string;
  readonly network: string;
}

/** The node's end of a pod's link, as ptp names it. */
const POD_LINK = /^veth[0-9a-f]{8}$/;

const HINT =
  "The tunnel is left out, and the node runs without it. Change the machine's network (Docker's: bip and default-address-pools in /etc/docker/daemon.json) or the tunnel's, or set network.tunnel.mode: off.";

/** Why the tunnel may not be set; undefined when it may. */
export function findConflict(tunnel: WantedTunnel, surroundings: Surroundings): SatelliteError | undefined {
  return findTaken(tunnel, surroundings) ?? findOverlap(tunnel, surroundings) ?? findSwallowed(tunnel, surroundings);
}

function findTaken({ address }: WantedTunnel, { addresses }: Surroundings): SatelliteError | undefined {
  const owner = addresses.find((each) => each.address === address && each.interface !== "lo");
  if (owner === undefined) return undefined;
  return new SatelliteError(
    "address-taken",
    `the node's address in the tunnel, ${address}, is that of ${owner.interface} already`,
    {
      hint: "Give the node another address (eks-satellite authorize --tunnel, or network.tunnel.address), or take this one off the interface.",
    },
  );
}

/**
 * A route or an address of the machine within the tunnel's networks, or around them. Pods that run keep their addresses when the entry gets
 * another network, or none: each hides one address behind the tunnel, which is no reason to cut the node off.
 */
function findOverlap(tunnel: WantedTunnel, { routes, addresses }: Surroundings): SatelliteError | undefined {
  const ownPods = tunnel.pods;
  const local = [
    ...routes
      .filter(({ destination, interface: name }) => !(POD_LINK.test(name) && destination.endsWith("/32")))
      .map(({ destination, interface: name }) => ({
        what: `the route ${destination} of ${name}`,
        network: destination,
      })),
    ...addresses
      .filter(({ interface: name }) => name !== "lo" && !POD_LINK.test(name))
      .map(({ address, interface: name }) => ({ what: `the address ${address} of ${name}`, network: `${address}/32` })),
  ].filter(({ network }) => !ownPods.some((pods) => contains(pods, network)));
  for (const wanted of [...networksOf(tunnel), { what: "the node's address", network: `${tunnel.address}/32` }]) {
    const other = local.find(({ network }) => overlaps(wanted.network, network));
    if (other !== undefined) return conflict(wanted, other.what);
  }
  return undefined;
}

/** What must stay outside: the way out of the machine, its names, and the gateway itself. */
function findSwallowed(
  tunnel: WantedTunnel,
  { defaultGateway, nameServers }: Surroundings,
): SatelliteError | undefined {
  const outside = [
    ...(defaultGateway === undefined
      ? []
      : [{ what: `the machine's default gateway ${defaultGateway}`, address: defaultGateway }]),
    ...nameServers.map((address) => ({ what: `the machine's name server ${address}`, address })),
    ...tunnel.gateways.flatMap(({ name, resolved }) => {
      const address = resolved?.slice(0, resolved.lastIndexOf(":"));
      return address === undefined ? [] : [{ what: `the public address ${address} of gateway ${name}`, address }];
    }),
  ].filter(({ address }) => ipaddr.IPv4.isValidFourPartDecimal(address));
  for (const wanted of networksOf(tunnel)) {
    const other = outside.find(({ address }) => contains(wanted.network, `${address}/32`));
    if (other !== undefined) return conflict(wanted, other.what);
  }
  return undefined;
}

function networksOf({ vpcCidrs, serviceCidr, remoteNetworks }: WantedTunnel): readonly Named[] {
  return [
    ...vpcCidrs.map((network) => ({ what: "the VPC's network", network })),
    { what: "the Services' network", network: serviceCidr },
    ...remoteNetworks.map((network) => ({ what: "the cluster's remote network", network })),
  ];
}

function conflict({ what, network }: Named, other: string): SatelliteError {
  return new SatelliteError("address-conflict", `${what} ${network} behind the tunnel and ${other} overlap`, {
    hint: HINT,
  });
}

function overlaps(one: string, other: string): boolean {
  return contains(one, other) || contains(other, one);
}

/** Whether a network holds another one whole; both in CIDR notation. */
function contains(outer: string, inner: string): boolean {
  const [network, length] = ipaddr.IPv4.parseCIDR(outer);
  const [address, innerLength] = ipaddr.IPv4.parseCIDR(inner);
  return innerLength >= length && address.match([network, length]);
}

// A tunnel, seen from the interface that carries its traffic: there keys change and packet sizes are found.
import type { WantedTunnel } from "../facts/tunnel/tunnel-facts.ts";
import type { PlannedTunnel, TunnelResource } from "../plan/tunnel/resources.ts";

export interface CarriedTunnel {
  readonly wanted: WantedTunnel;
  /** The interface that carries the traffic. */
  readonly resource: TunnelResource;
  /** All of them, that one first. */
  readonly interfaces: readonly string[];
}

/** Undefined while none is planned. */
export function carriedTunnel(planned: PlannedTunnel | undefined): CarriedTunnel | undefined {
  if (planned === undefined) return undefined;
  const { wanted, links } = planned;
  const [resource] = links;
  return resource && { wanted, resource, interfaces: links.map(({ interface: name }) => name) };
}

/** The gateways, that of the carrying interface first. */
export function carryingFirst({ wanted: { gateways }, resource }: CarriedTunnel): WantedTunnel["gateways"] {
  const key = resource.peers[0]?.publicKey;
  return [
    ...gateways.filter(({ publicKey }) => publicKey === key),
    ...gateways.filter(({ publicKey }) => publicKey !== key),
  ];
}

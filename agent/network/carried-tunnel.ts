// A tunnel, seen from the interface that carries its traffic: there keys change and packet sizes are found.
import type { WantedTunnel } from "../facts/tunnel/tunnel-facts.ts";
import type { PlannedTunnel, TunnelResource } from "../plan/tunnel/resources.ts";

export interface CarriedTunnel {
  readonly wanted: WantedTunnel;
  /** The interface that carries the traffic. The plan's rounds bring the other one along. */
  readonly resource: TunnelResource;
}

/** Undefined while none is planned. */
export function carriedTunnel(planned: PlannedTunnel | undefined): CarriedTunnel | undefined {
  const [resource] = planned?.links ?? [];
  return planned === undefined || resource === undefined ? undefined : { wanted: planned.wanted, resource };
}

/** The gateways, that of the carrying interface first. */
export function carryingFirst({ wanted: { gateways }, resource }: CarriedTunnel): WantedTunnel["gateways"] {
  const key = resource.peers[0]?.publicKey;
  return [
    ...gateways.filter(({ publicKey }) => publicKey === key),
    ...gateways.filter(({ publicKey }) => publicKey !== key),
  ];
}

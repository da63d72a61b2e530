// The administrator's word that gateways are to have new keys: a time in the network's entry. Gateways read it; no key is sent.
import { SatelliteError } from "../../errors.ts";
import { isoTime } from "../../time.ts";
import { readGatewayMap, readNetworkMap, renderNetworkEntry } from "../../tunnel/entries.ts";
import { GATEWAY_MAP, NETWORK_MAP, planMapEdit, readMap } from "./network-map.ts";
import type { GatewayContext } from "./plan/context.ts";

type RotationContext = Pick<GatewayContext, "access" | "clock">;

/** The public key of each gateway of the cluster, by name. @throws gateways-missing, and what the API server refuses */
export async function readGatewayKeys({ access }: RotationContext): Promise<ReadonlyMap<string, string>> {
  const map = await readMap(access.askKubernetes, GATEWAY_MAP);
  const { gateways } = readGatewayMap(map?.data ?? {});
  if (gateways.size > 0) return new Map([...gateways].map(([name, { publicKey }]) => [name, publicKey]));
  throw new SatelliteError("gateways-missing", "no gateway of this cluster has written its key", {
    hint: "eks-satellite gateway check names what a gateway lacks; eks-satellite gateway create makes one.",
  });
}

/** Asks for keys that are made after this moment. @throws network-entry-missing, network-map-conflict */
export async function requestNewKeys({ access, clock }: RotationContext, nowMs: number): Promise<void> {
  const ask = access.askKubernetes;
  const seen = await readMap(ask, NETWORK_MAP);
  const change = planMapEdit({ ask, clock }, NETWORK_MAP, {
    seen,
    edit: (data) => {
      const { network } = readNetworkMap(data);
      if (network === undefined) throw noNetwork();
      return renderNetworkEntry({ ...network, gatewayKeysSince: isoTime(nowMs) });
    },
  });
  await change?.apply(() => undefined);
}

function noNetwork(): SatelliteError {
  return new SatelliteError(
    "network-entry-missing",
    "the ConfigMap eks-satellite-network has no sound entry _network",
    {
      hint: "eks-satellite gateway create writes it anew.",
    },
  );
}

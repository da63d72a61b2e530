// The tunnel in /status and /metrics, as it is planned: public keys alone.
import { type Family, family } from "../board/metric-family.ts";
import type { Config } from "../config/schema.ts";
import type { TunnelFacts } from "../facts/tunnel/tunnel-facts.ts";
import { tunnelMtu } from "../plan/tunnel/tunnel-plan.ts";

/** @param facts of a tunnel that is planned */
export function renderTunnelStatus({ network }: Pick<Config, "network">, facts: TunnelFacts | undefined) {
  if (facts?.kind !== "wanted") return {};
  const { publicKey, gateways } = facts.tunnel;
  return {
    tunnel: {
      mode: network.tunnel.mode,
      mtu: tunnelMtu(network.tunnel, gateways),
      publicKey,
      peers: gateways.map(({ name, publicKey: key, resolved, endpoint, address }) => ({
        ...{ name, publicKey: key, endpoint: resolved ?? endpoint, address },
      })),
    },
  };
}

export function renderTunnelMetrics(read: () => TunnelFacts | undefined): readonly Family[] {
  return [
    family(
      "gauge",
      "tunnel_gateways",
      "Gateways that this node's tunnel is planned with; none without a tunnel.",
      () => {
        const facts = read();
        return facts?.kind === "wanted" ? [{ value: facts.tunnel.gateways.length }] : [];
      },
    ),
  ];
}

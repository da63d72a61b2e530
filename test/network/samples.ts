// The two ConfigMaps of a cluster with one gateway and an entry for gpu-1, and the same tunnel as a configuration.
import {
  type ConfigMapData,
  renderGatewayEntry,
  renderNetworkEntry,
  renderNodeEntry,
} from "../../agent/tunnel/entries.ts";

export const OTHER_KEY = "hIA3ikjlSOAo0qqrI+rXaS3ZH04nX7Q2YQ4m2Vxv7wc=";

export function clusterMaps(
  peers: Readonly<Record<string, string>> = {},
): Record<"network" | "gateways", ConfigMapData> {
  return {
    network: {
      ...renderNetworkEntry({
        ...{ nodes: "10.250.0.0/24", pods: "10.251.0.0/16", vpcCidrs: ["10.20.0.0/16"], serviceCidr: "10.100.0.0/16" },
      }),
      ...renderNodeEntry("gpu-1", { address: "10.250.0.11", pods: ["10.251.16.0/24"] }),
    },
    gateways: renderGatewayEntry("gw-1", {
      ...{ publicKey: OTHER_KEY, endpoint: "198.51.100.5:51820", address: "10.20.1.5", mtu: 1420 },
      ...{ since: "2026-01-01T00:00:00Z", peers: { ...peers } },
    }),
  };
}

export const STATIC_TUNNEL = `
network:
  tunnel:
    mode: static
    address: 10.250.0.11
    gateways: [{ publicKey: ${OTHER_KEY}, endpoint: "gw.example.com:51820", address: 10.20.1.5 }]
    vpcCidrs: [10.20.0.0/16]
`;

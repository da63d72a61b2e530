// gateway.yaml → GatewayConfig; and what the instance says of itself where the file is silent.
import { parseSettings } from "../config/load.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { GATEWAY_CONFIG_PATH, WIREGUARD_PORT } from "../tunnel/names.ts";
import { type GatewayConfig, gatewaySchema } from "./gateway-schema.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";

/** Reads and validates the file. @throws config-missing, config-syntax, config-invalid */
export async function loadGatewayConfig(host: Host, file: string): Promise<GatewayConfig> {
  const text = await host.files.read(file);
  if (text !== undefined)
    return parseSettings(gatewaySchema, text, file, "docs/reference/gateway.md in /usr/share/doc/eks-satellite");
  throw new SatelliteError("config-missing", `there is no gateway's configuration at ${file}`, {
    hint: "Write cluster.name and cluster.region there; on an instance of eks-satellite gateway create its user data does it.",
  });
}

/** Who a gateway is, and where it is reached. */
export interface GatewayIdentity {
  readonly name: string;
  /** ADDRESS:PORT, for satellites. */
  readonly endpoint: string;
  /** In the VPC. */
  readonly address: string;
}

/** Takes from the configuration what it says, and the rest from the metadata service. @throws metadata-unreachable, metadata-missing */
export async function readGatewayIdentity(
  { name, endpoint, address }: GatewayConfig,
  metadata: Pick<InstanceMetadata, "read">,
): Promise<GatewayIdentity> {
  return {
    name: name ?? (await readRequired(metadata, "instance-id", "name")),
    endpoint: endpoint ?? `${await readRequired(metadata, "public-ipv4", "endpoint")}:${WIREGUARD_PORT}`,
    address: address ?? (await readRequired(metadata, "local-ipv4", "address")),
  };
}

async function readRequired(metadata: Pick<InstanceMetadata, "read">, path: string, key: string): Promise<string> {
  const value = await metadata.read(`meta-data/${path}`);
  if (value !== undefined && value !== "") return value;
  const elastic = path === "public-ipv4" ? "Associate an Elastic IP with its network interface, or set" : "Set";
  throw new SatelliteError("metadata-missing", `the metadata service knows no ${path} of this instance`, {
    hint: `${elastic} ${key} in ${GATEWAY_CONFIG_PATH}.`,
  });
}

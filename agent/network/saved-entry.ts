// What the cluster last said of this node's tunnel, on the disk: the tunnel is there before kubelet starts, and while the API server is away.
import * as z from "zod";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import { ipv4Address, ipv4Network, tunnelEndpoint, wireguardKey } from "../tunnel/entries.ts";
import type { TunnelEntry } from "./tunnel-entry.ts";

const VERSION = 1;
/** An entry has some hundred bytes, and a line for each gateway. */
const MAX_BYTES = 64 * 1024;

const entrySchema = z.object({
  address: ipv4Address,
  pods: z.array(ipv4Network),
  isKeyPinned: z.boolean().default(false),
  vpcCidrs: z.array(ipv4Network),
  remoteNetworks: z.array(ipv4Network),
  serviceCidr: ipv4Network.optional(),
  gateways: z.array(
    z.object({
      name: z.string(),
      publicKey: wireguardKey,
      nextPublicKey: wireguardKey.optional(),
      endpoint: tunnelEndpoint,
      address: ipv4Address,
      mtu: z.int(),
      peers: z.record(z.string(), wireguardKey),
    }),
  ),
});

const savedSchema = z.object({
  version: z.literal(VERSION),
  /** Whose entry it is: that of another node, or of another cluster, is none. */
  cluster: z.string(),
  node: z.string(),
  /** Null: the cluster has none for it. */
  entry: entrySchema.nullable(),
  /** Addresses of the endpoints that have names. */
  resolved: z.record(z.string(), z.string()),
});

export interface SavedEntry {
  readonly entry: TunnelEntry | undefined;
  readonly resolved: Readonly<Record<string, string>>;
}

type Identity = Pick<Config, "cluster" | "node" | "stateFolder">;

/** Undefined while there is none, or none that can be read: the cluster is asked anew. */
export async function readSavedEntry(host: Pick<Host, "files">, config: Identity): Promise<SavedEntry | undefined> {
  try {
    const opened = await host.files.readWithStatus(statePaths(config.stateFolder).network, MAX_BYTES);
    const { cluster, node, entry, resolved } = savedSchema.parse(JSON.parse(opened?.text ?? ""));
    if (cluster !== clusterId(config) || node !== config.node.name) return undefined;
    return { entry: entry === null ? undefined : { ...entry, serviceCidr: entry.serviceCidr }, resolved };
  } catch {
    return undefined; // StateReadable reports a disk that fails.
  }
}

/** @throws disk-full, file-unwritable */
export async function writeSavedEntry(
  host: Pick<Host, "files">,
  config: Identity,
  { entry, resolved }: SavedEntry,
): Promise<void> {
  const document = {
    ...{ version: VERSION, cluster: clusterId(config), node: config.node.name },
    ...{ entry: entry ?? null, resolved },
  };
  await host.files.write(statePaths(config.stateFolder).network, `${JSON.stringify(document)}\n`, { mode: 0o600 });
}

function clusterId({ cluster }: Identity): string {
  return `${cluster.region}/${cluster.name}`;
}

// The two ConfigMaps of the tunnel: read with a problem for each entry that is none, and rendered again byte for byte.
import ipaddr from "ipaddr.js";
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import { parseJson } from "../foreign-text.ts";
import { DEFAULT_MTU, MIN_MTU } from "./names.ts";

/** The key of {@link NetworkEntry}: no node has such a name. */
export const NETWORK_KEY = "_network";
/** An entry longer than this is none: a node has a few prefixes, a gateway a key for each node. */
const MAX_ENTRY_CHARACTERS = 600_000;

/** 32 bytes in base64, as wg(8) writes them. */
export const wireguardKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw480]=$/, "must be a WireGuard key: 32 bytes in base64");
export const ipv4Address = z
  .string()
  .refine((text) => ipaddr.IPv4.isValidFourPartDecimal(text), "must be an IPv4 address");
/** A network whose host bits are zero. */
export const ipv4Network = z
  .string()
  .refine(isNetwork, "must be an IPv4 network such as 10.250.0.0/24, without host bits");
/** `ADDRESS:PORT` or `NAME:PORT`. */
export const tunnelEndpoint = z
  .string()
  .max(260)
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):[1-9][0-9]{0,4}$/, "must be ADDRESS:PORT")
  .refine((text) => Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535, "must have a port up to 65535");

/** What an administrator gives a node: its address in the tunnel, networks of its pods, and its key where the API is behind the tunnel. */
const nodeEntry = z.object({
  address: ipv4Address,
  pods: z.array(ipv4Network).max(16).default([]),
  publicKey: wireguardKey.optional(),
});

/** What holds for all nodes of the cluster. `nodes` and `pods` are the aggregates that the VPC routes to the gateway. */
const networkEntry = z.object({
  nodes: ipv4Network,
  pods: ipv4Network.optional(),
  vpcCidrs: z.array(ipv4Network).min(1).max(32),
  serviceCidr: ipv4Network,
  /** Gateways whose keys an administrator has not seen made since are to make new ones (`gateway rotate-key`). RFC 3339. */
  gatewayKeysSince: z.iso.datetime().optional(),
});

/** What a gateway says of itself. */
const gatewayEntry = z.object({
  publicKey: wireguardKey,
  /** The one to which it is about to change. */
  nextPublicKey: wireguardKey.optional(),
  endpoint: tunnelEndpoint,
  /** Its address in the VPC. */
  address: ipv4Address,
  mtu: z.int().min(MIN_MTU).max(8921).default(DEFAULT_MTU),
  /** When it began, RFC 3339. */
  since: z.iso.datetime(),
  /** The keys it accepts now, by node: a node that is missing here has no handshake. */
  peers: z.record(z.string(), wireguardKey).default({}),
});

export type NodeEntry = z.infer<typeof nodeEntry>;
export type NetworkEntry = z.infer<typeof networkEntry>;
export type GatewayEntry = z.infer<typeof gatewayEntry>;

/** A ConfigMap's data. */
export type ConfigMapData = Readonly<Record<string, string>>;

export interface NetworkMap {
  /** Undefined before `gateway create` has written it, or when it is damaged. */
  readonly network: NetworkEntry | undefined;
  readonly nodes: ReadonlyMap<string, NodeEntry>;
  /** tunnel-entry-invalid, one for each entry that is none. */
  readonly problems: readonly SatelliteError[];
}

/** Reads what administrators wrote. An address that two nodes have is a problem of the later one by name. */
export function readNetworkMap(data: ConfigMapData): NetworkMap {
  const problems: SatelliteError[] = [];
  const nodes = new Map<string, NodeEntry>();
  const owners = new Map<string, string>();
  for (const name of Object.keys(data).toSorted()) {
    if (name === NETWORK_KEY) continue;
    const entry = readEntry(nodeEntry, name, data[name] ?? "", problems);
    if (entry === undefined) continue;
    const owner = owners.get(entry.address);
    if (owner !== undefined) {
      problems.push(invalid(name, `has address ${entry.address}, which is ${owner}'s`));
      continue;
    }
    owners.set(entry.address, name);
    nodes.set(name, entry);
  }
  const text = data[NETWORK_KEY];
  const network = text === undefined ? undefined : readEntry(networkEntry, NETWORK_KEY, text, problems);
  return { network, nodes, problems };
}

export interface GatewayMap {
  /** By the gateway's name, sorted. */
  readonly gateways: ReadonlyMap<string, GatewayEntry>;
  /** tunnel-entry-invalid, one for each entry that is none. */
  readonly problems: readonly SatelliteError[];
}

/** Reads what gateways wrote. */
export function readGatewayMap(data: ConfigMapData): GatewayMap {
  const problems: SatelliteError[] = [];
  const gateways = new Map<string, GatewayEntry>();
  for (const name of Object.keys(data).toSorted()) {
    const entry = readEntry(gatewayEntry, name, data[name] ?? "", problems);
    if (entry !== undefined) gateways.set(name, entry);
  }
  return { gateways, problems };
}

/** The data of one node's entry, to be merged into the ConfigMap. */
export function renderNodeEntry(name: string, entry: NodeEntry): ConfigMapData {
  return { [name]: JSON.stringify(entry) };
}

export function renderNetworkEntry(entry: NetworkEntry): ConfigMapData {
  return { [NETWORK_KEY]: JSON.stringify(entry) };
}

export function renderGatewayEntry(name: string, entry: GatewayEntry): ConfigMapData {
  return { [name]: JSON.stringify(entry) };
}

function readEntry<T>(schema: z.ZodType<T>, name: string, text: string, problems: SatelliteError[]): T | undefined {
  if (text.length > MAX_ENTRY_CHARACTERS) {
    problems.push(invalid(name, `has ${text.length} characters`));
    return undefined;
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  problems.push(invalid(name, `${issue?.path.join(".") || "the entry"}: ${issue?.message}`));
  return undefined;
}

function invalid(name: string, what: string): SatelliteError {
  return new SatelliteError("tunnel-entry-invalid", `entry ${name} of the tunnel's ConfigMap: ${what}`, {
    hint: "An administrator writes it anew: eks-satellite authorize --tunnel for a node, eks-satellite gateway create for the network.",
  });
}

/** Whether the text is an IPv4 network, such as 10.250.0.0/24; host bits are zero. */
export function isNetwork(text: string): boolean {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return false;
  return `${ipaddr.IPv4.networkAddressFromCIDR(text)}/${text.slice(text.indexOf("/") + 1)}` === text;
}

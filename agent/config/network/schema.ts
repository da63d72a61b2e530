// The section of the configuration about the node's network: what gives pods their addresses, and the tunnel to the cluster's network.
import * as z from "zod";
import { seconds } from "../../duration.ts";
import { ipv4Address, ipv4Network, tunnelEndpoint, wireguardKey } from "../../tunnel/entries.ts";
import { DEFAULT_MTU, MIN_MTU, TUNNEL_INTERFACES } from "../../tunnel/names.ts";
import { DNS_CACHE_IMAGE } from "./dns-cache.ts";

/** A VPC's jumbo frames, less what WireGuard adds. */
const MAX_MTU = 8921;
/** As many as an entry of the cluster may have. */
const MAX_PREFIXES = 16;
const MAX_VPC_CIDRS = 32;
const MAX_DNS_ZONES = 16;
/** A name of DNS (RFC 1123), and of an image with what a registry allows: nothing in them ends a line of a Corefile or of a manifest. */
const DNS_ZONE = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}$/;
const MAX_GATEWAYS = TUNNEL_INTERFACES.length;
/** Sections that say where a static tunnel leads; `auto` reads them from the cluster, and `off` has none. */
const STATIC_REQUIRED = ["address", "gateways", "vpcCidrs"] as const;
const STATIC_ONLY = [...STATIC_REQUIRED, "pods", "serviceCidr"] as const;

const gatewaySchema = z.strictObject({
  publicKey: wireguardKey.describe("Its WireGuard key, 32 bytes in base64."),
  endpoint: tunnelEndpoint.describe("Where it listens, ADDRESS:PORT or NAME:PORT (UDP)."),
  address: ipv4Address.describe("Its address in the VPC, where its health is asked."),
});

const tunnelKeys = z.strictObject({
  mode: z
    .enum(["auto", "static", "off"])
    .default("auto")
    .describe(
      "auto: the tunnel that the cluster has for this node, if it has one (eks-satellite authorize --tunnel). static: the keys below. off: no tunnel.",
    ),
  address: ipv4Address.optional().describe("With mode static: the node's address in the tunnel."),
  pods: z
    .array(ipv4Network)
    .max(MAX_PREFIXES)
    .optional()
    .describe("With mode static: networks of the node's pods, without host bits."),
  gateways: z
    .array(gatewaySchema)
    .min(1)
    .max(MAX_GATEWAYS)
    .optional()
    .describe("With mode static: one gateway, or two, the first one preferred."),
  vpcCidrs: z
    .array(ipv4Network)
    .min(1)
    .max(MAX_VPC_CIDRS)
    .optional()
    .describe("With mode static: networks of the VPC, which lie behind the gateway."),
  serviceCidr: ipv4Network
    .optional()
    .describe("With mode static: network of the cluster's Services. Default: what DescribeCluster says."),
  keepaliveSeconds: seconds(1, 120)
    .default(15)
    .describe("How often a packet keeps the way through a NAT open; a gateway loses a node that moves for this long."),
  mtu: z
    .union([z.enum(["auto"]), z.int().min(MIN_MTU).max(MAX_MTU)])
    .default("auto")
    .describe(
      `Largest packet in the tunnel, in bytes. auto: what the gateways say, ${DEFAULT_MTU} as a rule, and less where packets of that size do not pass: the daemon probes it.`,
    ),
  keyRotationDays: z
    .int()
    .min(0)
    .max(3650)
    .default(30)
    .describe(
      "How old the tunnel's key may be before the daemon changes it, while packets pass; 0: never. With mode static, and where an administrator has entered the key by hand, it is not changed.",
    ),
  userspace: z
    .enum(["never", "allow"])
    .default("never")
    .describe(
      "allow: where the kernel has no WireGuard, wireguard-go runs beside the daemon. never: that is reported (KernelLacksWireguard).",
    ),
});

const tunnelSchema = tunnelKeys.superRefine((tunnel, context) => {
  const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if (tunnel.mode === "static") {
    for (const key of STATIC_REQUIRED)
      if (tunnel[key] === undefined) refuse(key, "is missing: network.tunnel.mode static needs it");
    // WireGuard gives a network to the last peer that names it.
    for (const key of ["publicKey", "address"] as const)
      if (hasRepeated(tunnel.gateways ?? [], key)) refuse("gateways", "has two with one publicKey or address");
    return;
  }
  for (const key of STATIC_ONLY) if (tunnel[key] !== undefined) refuse(key, "belongs to network.tunnel.mode static");
});

function hasRepeated<K extends string>(gateways: readonly Readonly<Record<K, string>>[], key: K): boolean {
  return new Set(gateways.map((gateway) => gateway[key])).size < gateways.length;
}

export const networkSchema = z.strictObject({
  cni: z
    .enum(["host", "routed", "none"])
    .default("host")
    .describe(
      "host: pods use the host's network. routed: pods have addresses of their own, of the tunnel's network for pods (eks-satellite authorize --tunnel). none: you install a CNI plugin.",
    ),
  tunnel: tunnelSchema
    .prefault({})
    .describe(
      "A WireGuard tunnel to a gateway in the cluster's VPC: for kubectl logs and exec, webhooks, Services, DNS.",
    ),
  dns: z
    .enum(["cluster", "cached"])
    .default("cluster")
    .describe(
      "cluster: pods ask cluster DNS in the VPC. cached: they ask a cache on this machine, which has public names from the machine's own name servers, and keeps cluster names for an hour while cluster DNS is away.",
    ),
  dnsImage: z
    .string()
    .regex(IMAGE, "must be the name of an image")
    .default(DNS_CACHE_IMAGE)
    .describe("With dns cached: the image of CoreDNS, with all of its standard plugins, 1.12.1 or newer."),
  dnsZones: z
    .array(z.string().regex(DNS_ZONE, "must be a domain in lower case, such as corp.internal"))
    .max(MAX_DNS_ZONES)
    .default([])
    .describe(
      "With dns cached: domains that cluster DNS knows beside its own, such as private hosted zones of the VPC. All others are asked of the machine's name servers.",
    ),
});

// The configuration of a gateway: one schema. A description here is the documentation of its key, a default here is the only one.
import * as z from "zod";
import { ownFolder } from "../config/absolute-path.ts";
import { clusterSchema, logSchema } from "../config/schema.ts";
import { ipv4Address, ipv4Network, tunnelEndpoint } from "../tunnel/entries.ts";
import { DEFAULT_MTU, MIN_MTU } from "../tunnel/names.ts";

/** A key of a ConfigMap, and no node's name: an instance id, or a name of the administrator's. */
const GATEWAY_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

const allowSchema = z.strictObject({
  cidr: ipv4Network.describe("Network that satellites may reach."),
  port: z.int().min(1).max(65_535).optional().describe("Its port alone. Default: every port and protocol."),
  protocol: z.enum(["tcp", "udp"]).default("tcp").describe("Protocol of the port."),
});

/** One row of `allow`. */
export type AllowedTarget = z.infer<typeof allowSchema>;

const endpoint = (what: string) =>
  z
    .url({ protocol: /^https$/ })
    .optional()
    .describe(what);

/** The whole file. */
export const gatewaySchema = z.strictObject({
  cluster: clusterSchema.describe("The cluster that satellites of this gateway belong to."),
  name: z
    .string()
    .regex(GATEWAY_NAME, "must be lower-case letters, digits, `-` and `.`")
    .optional()
    .describe("Name of the gateway in the cluster. Default: the instance's id, from the metadata service."),
  endpoint: tunnelEndpoint
    .optional()
    .describe(
      "Where satellites find it, ADDRESS:PORT. Default: the instance's public address, from the metadata service, with port 51820.",
    ),
  address: ipv4Address
    .optional()
    .describe("Its address in the VPC. Default: the instance's private address, from the metadata service."),
  userspace: z
    .enum(["never", "allow"])
    .default("never")
    .describe(
      "never: the kernel's WireGuard alone. allow: wireguard-go where the kernel has none; it must be installed.",
    ),
  mtu: z
    .int()
    .min(MIN_MTU)
    .max(8921)
    .default(DEFAULT_MTU)
    .describe("Largest packet in the tunnel, in bytes. Satellites read it from the gateway's entry."),
  keyRotationDays: z
    .int()
    .min(0)
    .max(3650)
    .default(30)
    .describe("How old the gateway's key may be before it changes it, while packets pass; 0: never."),
  allow: z
    .array(allowSchema)
    .max(64)
    .default([])
    .describe(
      "What satellites may reach beyond the API server and the cluster's DNS. The VPC may always reach satellites.",
    ),
  aws: z
    .strictObject({
      endpoints: z
        .strictObject({
          eks: endpoint("EKS endpoint for DescribeCluster."),
          ec2: endpoint("EC2 endpoint for the look at route tables, interfaces and security groups."),
        })
        .prefault({})
        .describe("AWS endpoints other than the region's own."),
    })
    .prefault({})
    .describe("How AWS is reached."),
  log: logSchema.prefault({}).describe("The log."),
  stateFolder: ownFolder()
    .default("/var/lib/eks-satellite-gateway")
    .describe("The private key, and the last good answers of the cluster and of AWS."),
  runFolder: ownFolder().default("/run/eks-satellite-gateway").describe("Short-lived secrets; a tmpfs."),
});

/** The configuration in force: defaults filled in. What the metadata service knows is still open. */
export type GatewayConfig = z.infer<typeof gatewaySchema>;

// What a gateway answers through the tunnel: whether the far end works, seen from there.
import * as z from "zod";
import { ipv4Address, wireguardKey } from "./entries.ts";

/** How a TCP connection ends: `silent` after a bounded wait. */
const reach = z.enum(["ok", "refused", "silent"]);
export type Reach = z.infer<typeof reach>;

/** Codes of `problems` that name why the control plane does not reach a node. A gateway may send others: they are shown, and explain nothing. */
export const GATEWAY_PROBLEM_CODES = [
  "remote-network-missing",
  "vpc-route-missing",
  "route-blackhole",
  "route-elsewhere",
  "security-group-closed",
  "cluster-security-group-closed",
  "source-dest-check-on",
] as const;
export type GatewayProblemCode = (typeof GATEWAY_PROBLEM_CODES)[number];

const gatewayHealth = z.object({
  /** The gateway's name. */
  gateway: z.string().max(253),
  /** The one who asks, by its address in the tunnel. `kubelet` is port 10250 from the gateway; undefined while it is not tried yet. */
  you: z.object({ address: ipv4Address, node: z.string().max(253).optional(), kubelet: reach.optional() }),
  /** The API server's addresses in the VPC, as the gateway reaches them. */
  apiServers: z.array(z.object({ address: ipv4Address, reach })).max(16),
  /** The longest datagram that its port sends back; a gateway of an earlier version says nothing, and is not probed with long ones. */
  maxKnockBytes: z.int().min(8).max(65_507).optional(),
  /** The gateway changes to this key in so many milliseconds. */
  keyChange: z.object({ publicKey: wireguardKey, inMs: z.int().min(0).max(600_000) }).optional(),
  /** Of all this, as a knock's answer has it; a gateway of an earlier version says nothing, and is asked more often. */
  digest: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** What the gateway sees missing in AWS; undefined when it may not look. Codes as those of `gateway check`. */
  problems: z
    .array(z.object({ code: z.string().max(64), message: z.string().max(1000) }))
    .max(32)
    .optional(),
});

export type GatewayHealth = z.infer<typeof gatewayHealth>;

/** Reads the answer; undefined when it is none. */
export function readGatewayHealth(text: string): GatewayHealth | undefined {
  try {
    return gatewayHealth.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

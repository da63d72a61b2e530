// The section of the configuration that says how this machine appears in the cluster.
import * as z from "zod";
import { isLabelKey, isOwnNodeLabel } from "./label-key.ts";

/** How a node proves its identity. */
export const NODE_IDENTITIES = ["hybrid", "fargate"] as const;
export type NodeIdentity = (typeof NODE_IDENTITIES)[number];

/** RFC 1123 subdomain: Kubernetes requires it of a Node's name, and host names have this form too. */
const NODE_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** The node's name is also a role session name (at most 64 characters) and a Kubernetes label value (at most 63). */
const NODE_NAME_MAX_LENGTH = 63;
const NETWORK_INTERFACE_ID = /^eni-([0-9a-f]{8}|[0-9a-f]{17})$/;
/** The cloud controller mistakes provider ids that end in such a name for its own instances, and deletes their Nodes. */
const RESERVED_PREFIX = /^(i-|fargate-)/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const taintSchema = z.strictObject({
  key: z.string().refine(isLabelKey, "must be a Kubernetes taint key").describe("Key of the taint."),
  value: z.string().regex(LABEL_VALUE, "must be a Kubernetes label value").default("").describe("Value of the taint."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .describe("What happens to pods that do not tolerate it."),
});

const keysSchema = z.strictObject({
  identity: z
    .enum(NODE_IDENTITIES)
    .default("hybrid")
    .describe(
      "hybrid: the node is a session of a role, with the node's name. fargate: the node is named after a network interface, so that an IAM user without a role can be it; needs name and eni.",
    ),
  eni: z
    .string()
    .regex(NETWORK_INTERFACE_ID, "must be the id of a network interface, eni-…")
    .optional()
    .describe(
      "With identity fargate: the network interface that keeps the node's address and name (eks-satellite eni).",
    ),
  name: z
    .string()
    .regex(NODE_NAME, "must be lower-case letters, digits, `-` and `.`")
    .max(NODE_NAME_MAX_LENGTH, `must have at most ${NODE_NAME_MAX_LENGTH} characters`)
    .optional()
    .describe(
      "Name of the Node, and of the role session that proves it. Default: the host name in lower case; with identity fargate there is no default (eks-satellite node-name).",
    ),
  ip: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe(
      "Address that kubelet reports as InternalIP. Default: the address on the interface of the default route.",
    ),
  labels: z
    .record(
      z
        .string()
        .refine(isLabelKey, "must be a Kubernetes label key")
        .refine(
          isOwnNodeLabel,
          "is in a name space of Kubernetes where kubelet may not label its own Node: use a domain of your own",
        ),
      z.string().regex(LABEL_VALUE, "must be a Kubernetes label value"),
    )
    .default({})
    .describe("Labels that kubelet gives the Node when it registers."),
  zone: z
    .string()
    .regex(LABEL_VALUE, "must be a Kubernetes label value")
    .min(1)
    .optional()
    .describe(
      "Where the machine is, as its label topology.kubernetes.io/zone: Services with trafficDistribution keep to one zone. Machines of one site share one. none: no such label. Default: satellite-NAME, a zone of its own.",
    ),
  taints: z.array(taintSchema).default([]).describe("Taints that kubelet gives the Node when it registers."),
  check: z
    .enum(["auto", "off"])
    .default("auto")
    .describe(
      "auto: the daemon runs eks-satellite check after the join and after a change of eks-satellite, kernel or NVIDIA's driver, and annotates the Node. off: it does not.",
    ),
  computeTypeTaint: z
    .boolean()
    .default(false)
    .describe(
      "Whether the Node registers with eks.amazonaws.com/compute-type=IDENTITY:NoSchedule, as Fargate's own nodes do.",
    ),
});

/** The Node: identity, name, address, labels, taints. */
export const nodeSchema = keysSchema.superRefine(({ identity, name, eni }, context) => {
  const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if (identity === "fargate") {
    if (eni === undefined) refuse("eni", "is missing: with node.identity fargate it is what the providerID ends in");
    if (name === undefined) refuse("name", "is missing: eks-satellite node-name --eni ENI --region REGION prints it");
    return;
  }
  if (eni !== undefined) refuse("eni", "belongs to node.identity fargate");
  if (name !== undefined && RESERVED_PREFIX.test(name))
    refuse(
      "name",
      "must not begin with i- or fargate-: AWS's cloud controller would mistake the Node for one of its own (fargate-ip-… needs node.identity fargate)",
    );
});

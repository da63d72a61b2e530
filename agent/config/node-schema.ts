// The part of the configuration that says how this machine appears in the cluster.
import * as z from "zod";
import { isLabelKey, isOwnNodeLabel } from "./label-key.ts";

/** RFC 1123 label, as Kubernetes requires of a node's name here; dots are allowed for names that look like host names. */
const NODE_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** A role session name and a Kubernetes label value both end at 64 or 63 characters; the node's name is both. */
const NODE_NAME_MAX_LENGTH = 63;
/** The cloud controller takes provider ids that end in such a name for its own instances, and deletes their Nodes. */
const RESERVED_PREFIX = /^(i-|fargate-)/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const taintSchema = z.strictObject({
  key: z.string().refine(isLabelKey, "must be a Kubernetes taint key").describe("Key of the taint."),
  value: z.string().regex(LABEL_VALUE, "must be a Kubernetes label value").default("").describe("Value of the taint."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .describe("What happens to pods that do not tolerate it."),
});

/** The Node: name, address, labels, taints. */
export const nodeSchema = z.strictObject({
  name: z
    .string()
    .regex(NODE_NAME, "must be lower-case letters, digits, `-` and `.`")
    .max(NODE_NAME_MAX_LENGTH)
    .refine(
      (name) => !RESERVED_PREFIX.test(name),
      "must not begin with i- or fargate-: AWS's cloud controller would take the Node for its own",
    )
    .optional()
    .describe("Name of the Node, and of the role session that proves it. Default: the host name in lower case."),
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
  taints: z.array(taintSchema).default([]).describe("Taints that kubelet gives the Node when it registers."),
});

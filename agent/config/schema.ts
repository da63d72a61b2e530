// The configuration: one schema. A description here is the documentation of its key, a default here is the only one.
import * as z from "zod";
import { LOG_FORMATS, LOG_LEVELS } from "../log.ts";
import { absolutePath as path } from "./absolute-path.ts";
import { credentialsSchema } from "./credentials-schema.ts";
import { gpuSchema } from "./gpu-schema.ts";
import { healthSchema } from "./health-schema.ts";
import { isLabelKey, isOwnNodeLabel } from "./label-key.ts";

/** RFC 1123 label, as Kubernetes requires of a node's name here; dots are allowed for names that look like host names. */
const NODE_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** A role session name and a Kubernetes label value both end at 64 or 63 characters; the node's name is both. */
const NODE_NAME_MAX_LENGTH = 63;
/** The cloud controller takes provider ids that end in such a name for its own instances, and deletes their Nodes. */
const RESERVED_PREFIX = /^(i-|fargate-)/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const anyTable = () => z.record(z.string(), z.unknown());

const clusterSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, "must be an EKS cluster name")
    .describe("Name of the EKS cluster to join."),
  region: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, "must be an AWS region such as us-east-1")
    .describe("AWS region of the cluster."),
});

const taintSchema = z.strictObject({
  key: z.string().refine(isLabelKey, "must be a Kubernetes taint key").describe("Key of the taint."),
  value: z.string().regex(LABEL_VALUE, "must be a Kubernetes label value").default("").describe("Value of the taint."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .describe("What happens to pods that do not tolerate it."),
});

const nodeSchema = z.strictObject({
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

/** kubelet configuration that the agent computes from the cluster and the machine; another value could not work. */
export const OWNED_KUBELET_KEYS = [
  "apiVersion",
  "kind",
  "authentication",
  "authorization",
  "cgroupDriver",
  "clusterDNS",
  "containerRuntimeEndpoint",
  "maxPods",
  "providerID",
  "registerWithTaints",
  "serverTLSBootstrap",
] as const;

/** kubelet flags that the agent sets, or that would bypass the configuration that it writes. */
export const OWNED_KUBELET_FLAGS = [
  "bootstrap-kubeconfig",
  "cloud-provider",
  "config",
  "config-dir",
  "container-runtime-endpoint",
  "hostname-override",
  "image-credential-provider-bin-dir",
  "image-credential-provider-config",
  "kubeconfig",
  "node-ip",
  "node-labels",
  "provider-id",
  "register-with-taints",
] as const;

const kubeletSchema = z.strictObject({
  path: path().default("/usr/bin/kubelet").describe("The kubelet to run."),
  maxPods: z
    .int()
    .min(1)
    .max(1000)
    .default(110)
    .describe("Most pods on this node; kube-reserved memory follows from it."),
  cgroupDriver: z
    .enum(["auto", "systemd", "cgroupfs"])
    .default("auto")
    .describe("auto is systemd where systemd is pid 1; containerd is configured to the same."),
  config: anyTable()
    .refine(...refuses(OWNED_KUBELET_KEYS))
    .default({})
    .describe("Extra KubeletConfiguration, merged over the agent's."),
  flags: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, "must be a flag's name without dashes in front"),
      z.union([z.string(), z.number(), z.boolean()]),
    )
    .refine(...refuses(OWNED_KUBELET_FLAGS))
    .default({})
    .describe("Extra kubelet flags, name to value."),
  stopSeconds: z.int().min(1).max(300).default(20).describe("How long kubelet may take to end before it is killed."),
});

const containerdSchema = z.strictObject({
  configFile: path()
    .default("/etc/containerd/config.toml")
    .describe("containerd's configuration; the agent merges its keys into it and keeps the rest."),
  socket: path().default("/run/containerd/containerd.sock").describe("containerd's socket."),
  sandboxImage: z
    .string()
    .min(1)
    .optional()
    .describe("Image of the pause container. Default: the one already configured, else registry.k8s.io/pause:3.10."),
  config: anyTable().default({}).describe("Extra containerd configuration, merged over the agent's."),
});

const intervalsSchema = z.strictObject({
  convergeSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(30)
    .describe("How often managed files and settings are compared and put right."),
  credentialsSeconds: z.int().min(1).max(60).default(10).describe("How often the keys' remaining life is looked at."),
  tokenSeconds: z
    .int()
    .min(5)
    .max(600)
    .default(300)
    .describe("How often kubelet's token is minted; EKS accepts one for 15 minutes."),
  clusterSeconds: z.int().min(5).max(86_400).default(600).describe("How often DescribeCluster is asked."),
  runtimeSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(30)
    .describe("How often containerd and kubelet are asked for their health."),
});

/** The whole configuration file. */
export const configSchema = z.strictObject({
  cluster: clusterSchema.describe("The cluster."),
  node: nodeSchema.prefault({}).describe("How this machine appears in the cluster."),
  credentials: credentialsSchema.describe(
    "Where the AWS credentials come from: exactly one of keysFile, profile, process.",
  ),
  kubelet: kubeletSchema.prefault({}).describe("The kubelet."),
  imageCredentialProvider: z
    .strictObject({
      path: path()
        .default("/etc/eks/image-credential-provider/ecr-credential-provider")
        .describe(
          "ecr-credential-provider, for pulls from ECR; left out of kubelet's configuration while it does not exist.",
        ),
    })
    .prefault({})
    .describe("How kubelet gets credentials for ECR."),
  containerd: containerdSchema.prefault({}).describe("The container runtime."),
  network: z
    .strictObject({
      cni: z
        .enum(["host", "none"])
        .default("host")
        .describe("host: pods use the host's network. none: someone else installs a CNI plugin."),
    })
    .prefault({})
    .describe("Pod networking."),
  aws: z
    .strictObject({
      endpoints: z
        .strictObject({
          sts: z
            .url({ protocol: /^https$/ })
            .optional()
            .describe(
              "STS endpoint for AssumeRole, e.g. a VPC endpoint. Tokens always name the regional endpoint, as EKS requires.",
            ),
          eks: z
            .url({ protocol: /^https$/ })
            .optional()
            .describe("EKS endpoint for DescribeCluster."),
        })
        .prefault({})
        .describe("AWS endpoints other than the region's own."),
    })
    .prefault({})
    .describe("How AWS is reached."),
  gpu: gpuSchema.prefault({}).describe("NVIDIA GPUs."),
  health: healthSchema.prefault({}).describe("The local health endpoint."),
  intervals: intervalsSchema.prefault({}).describe("Periods of the loops, in seconds."),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default("info").describe("Least level that is logged."),
      format: z.enum(LOG_FORMATS).default("auto").describe("auto: journald under systemd, text on a terminal."),
    })
    .prefault({})
    .describe("The log."),
  stateFolder: path()
    .default("/var/lib/eks-satellite")
    .describe("What must survive a reboot: last good facts, the ledger with the originals of changed files."),
  runFolder: path().default("/run/eks-satellite").describe("Short-lived secrets; a tmpfs."),
});

type ParsedConfig = z.infer<typeof configSchema>;

/** The configuration in force: defaults filled in, the node's name resolved. */
export type Config = ParsedConfig & { readonly node: { readonly name: string } };

function refuses(
  names: readonly string[],
): [(table: Record<string, unknown>) => boolean, { error: (issue: { input?: unknown }) => string }] {
  const refused = (table: unknown) => names.filter((name) => Object.hasOwn(table as object, name));
  return [
    (table) => refused(table).length === 0,
    { error: ({ input }) => `${refused(input).join(", ")}: eks-satellite computes this itself; remove it` },
  ];
}

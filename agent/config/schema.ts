// The configuration: one schema. A description here is the documentation of its key, a default here is the only one.
import * as z from "zod";
import { seconds } from "../duration.ts";
import { LOG_FORMATS, LOG_LEVELS } from "../log.ts";
import { ownFolder, absolutePath as path } from "./absolute-path.ts";
import { containerdSchema } from "./containerd-schema.ts";
import { credentialsSchema } from "./credentials-schema.ts";
import { fargateNamePattern, isFargateNodeName } from "./fargate-name.ts";
import { gpuSchema } from "./gpu-schema.ts";
import { healthSchema } from "./health-schema.ts";
import { kubeletSchema } from "./kubelet-schema.ts";
import { networkSchema } from "./network/schema.ts";
import { nodeSchema } from "./node-schema.ts";
import { explainRegion, findPartition } from "./partitions.ts";

/** What must survive a reboot is there, unless the configuration says otherwise. */
export const DEFAULT_STATE_FOLDER = "/var/lib/eks-satellite";

/** Which cluster. */
export const clusterSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, "must be an EKS cluster name")
    .describe("Name of the EKS cluster to join."),
  region: z
    .string()
    .refine((region) => findPartition(region) !== undefined, { error: ({ input }) => explainRegion(String(input)) })
    .describe("AWS region of the cluster."),
});

/** The log of a node, and of a gateway. */
export const logSchema = z.strictObject({
  level: z.enum(LOG_LEVELS).default("info").describe("Least level that is logged."),
  format: z.enum(LOG_FORMATS).default("auto").describe("auto: journald under systemd, text on a terminal."),
});

const intervalsSchema = z.strictObject({
  convergeSeconds: seconds(1, 60)
    .default(30)
    .describe("How often managed files and settings are compared and repaired."),
  credentialsSeconds: seconds(1, 60).default(10).describe("How often the keys' remaining life is checked."),
  tokenSeconds: seconds(5, 600)
    .default(300)
    .describe("How often kubelet's token is minted; EKS accepts one for 15 minutes."),
  clusterSeconds: seconds(5, 86_400).default(600).describe("How often DescribeCluster is called."),
  runtimeSeconds: seconds(1, 60)
    .default(30)
    .describe("How often containerd, kubelet, kube-proxy and cluster DNS are asked for their health."),
});

const keysSchema = z.strictObject({
  cluster: clusterSchema.describe("The cluster."),
  node: nodeSchema.prefault({}).describe("How this machine appears in the cluster."),
  credentials: credentialsSchema.describe(
    "Where the AWS credentials come from: exactly one of keysFile, profile, process, rolesAnywhere.",
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
  artifacts: z
    .strictObject({
      install: z
        .enum(["auto", "never"])
        .default("auto")
        .describe(
          "auto: kubelet, ecr-credential-provider and the CNI plugins are downloaded where they are missing. never: missing ones are reported.",
        ),
      manifestUrl: z
        .url({ protocol: /^(https|file)$/ })
        .optional()
        .describe(
          "Manifest of the available downloads, https or file, such as a mirror's that `nodeadm sync-artifacts` made. Default: EKS's own.",
        ),
    })
    .prefault({})
    .describe("Programs that EKS publishes."),
  dependencies: z
    .strictObject({
      install: z
        .enum(["auto", "never"])
        .default("auto")
        .describe(
          "auto: containerd, runc, iptables, conntrack and socat are installed with apt-get where they are missing; existing ones are left alone. never: missing ones are reported.",
        ),
    })
    .prefault({})
    .describe("Programs of the distribution."),
  network: networkSchema.prefault({}).describe("Pod networking, and the tunnel to the cluster's network."),
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
      keysSurviveReboot: z
        .boolean()
        .default(true)
        .describe(
          "Whether the short-lived keys are kept on disk too, mode 0600, so that the node comes up after a reboot while AWS is unreachable. false: on tmpfs only.",
        ),
    })
    .prefault({})
    .describe("How AWS is reached, and whether its keys outlive a reboot."),
  gpu: gpuSchema.prefault({}).describe("NVIDIA GPUs."),
  health: healthSchema.prefault({}).describe("The local health endpoint."),
  intervals: intervalsSchema
    .prefault({})
    .describe("Periods of the loops: a number of seconds, or a duration such as 5m."),
  log: logSchema.prefault({}).describe("The log."),
  stateFolder: ownFolder()
    .default(DEFAULT_STATE_FOLDER)
    .describe("What must survive a reboot: last good facts, the ledger with the originals of changed files."),
  runFolder: ownFolder().default("/run/eks-satellite").describe("Short-lived secrets; a tmpfs."),
});

/** The whole configuration file. */
export const configSchema = keysSchema.superRefine(({ node: { identity, name }, cluster: { region } }, context) => {
  if (identity !== "fargate" || name === undefined || isFargateNodeName(name, region)) return;
  const message = `must be ${fargateNamePattern(region)} with node.identity fargate in ${region}`;
  context.addIssue({ code: "custom", path: ["node", "name"], message });
});

type ParsedConfig = z.infer<typeof configSchema>;

/** The configuration in force: defaults filled in, the node's name resolved. */
export type Config = ParsedConfig & { readonly node: { readonly name: string } };

// The facts of the cluster, from DescribeCluster. The last good answer is kept on disk for times when AWS is away.
import { X509Certificate } from "node:crypto";
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import type { Aws, AwsKeys, ClusterDescription } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { explainAwsError } from "./aws-error.ts";

const clusterFactsSchema = z.object({
  name: z.string(),
  region: z.string(),
  endpoint: z.url({ protocol: /^https$/ }),
  caPem: z.string(),
  serviceCidr: z.string(),
  ipFamily: z.enum(["ipv4", "ipv6"]),
  version: z.string(),
  /** CIDRs of remoteNetworkConfig; undefined in an answer that an older version kept. */
  remoteNetworks: z.object({ nodes: z.array(z.string()).readonly(), pods: z.array(z.string()).readonly() }).optional(),
  fetchedAtMs: z.number(),
});

/** What a node needs to know of its cluster. `version` is the API server's minor version, e.g. `1.34`. */
export type ClusterFacts = z.infer<typeof clusterFactsSchema>;

export interface ClusterName {
  readonly name: string;
  readonly region: string;
}

/** EKS serves the API while it updates the cluster or its add-ons. */
const USABLE_STATUSES = ["ACTIVE", "UPDATING"];

/**
 * Asks EKS for the cluster.
 * @throws cluster-not-found, cluster-forbidden, cluster-not-active, cluster-ca-invalid, cluster-incomplete, credentials-expired, aws-unreachable
 */
export async function readCluster(
  aws: Pick<Aws, "describeCluster">,
  keys: AwsKeys,
  cluster: ClusterName,
  nowMs: number,
): Promise<ClusterFacts> {
  const { name, region } = cluster;
  const description = await aws.describeCluster(keys, name).catch((cause) => {
    if ((cause as { name?: string }).name === "ResourceNotFoundException") {
      throw new SatelliteError("cluster-not-found", `there is no cluster ${name} in ${region}`, {
        hint: `Check cluster.name and cluster.region, and the account of the credentials (aws eks list-clusters --region ${region}).`,
        cause,
      });
    }
    throw explainAwsError(cause, "eks:DescribeCluster", {
      code: "cluster-forbidden",
      hint: `Allow eks:DescribeCluster on cluster ${name} in ${region} to the node's identity.`,
    });
  });
  return checkDescription(cluster, description, nowMs);
}

/** Reads the last good facts; undefined when there are none, they are damaged, or they are of another cluster. */
export async function readCachedCluster(
  host: Host,
  path: string,
  cluster: ClusterName,
): Promise<ClusterFacts | undefined> {
  try {
    const text = await host.files.read(path);
    if (text === undefined) return undefined;
    const facts = clusterFactsSchema.parse(JSON.parse(text));
    return facts.name === cluster.name && facts.region === cluster.region ? facts : undefined;
  } catch {
    return undefined; // A cache that is damaged or cannot be read counts as none: DescribeCluster fills it again.
  }
}

/** Writes the facts for the next start. @throws disk-full, file-unwritable */
export async function cacheCluster(host: Host, path: string, facts: ClusterFacts): Promise<void> {
  await host.files.write(path, `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 });
}

/** Refuses a description that no kubelet could work with. @throws cluster-not-active, cluster-ca-invalid, cluster-incomplete */
function checkDescription({ name, region }: ClusterName, description: ClusterDescription, nowMs: number): ClusterFacts {
  const { status = "unknown", endpoint, version } = description;
  if (!USABLE_STATUSES.includes(status)) {
    throw new SatelliteError("cluster-not-active", `cluster ${name} is ${status}`, {
      hint: "Wait until EKS reports ACTIVE; the node joins by itself then.",
    });
  }
  const ipFamily = description.ipFamily === "ipv6" ? "ipv6" : "ipv4";
  const serviceCidr = ipFamily === "ipv6" ? description.serviceIpv6Cidr : description.serviceIpv4Cidr;
  if (!serviceCidr || !endpoint || !version) {
    const absent = !serviceCidr ? `service CIDR (${ipFamily})` : !endpoint ? "endpoint" : "version";
    throw new SatelliteError("cluster-incomplete", `DescribeCluster ${name} gave no ${absent}`, {
      hint: `Compare with aws eks describe-cluster --region ${region} --name ${name}.`,
    });
  }
  return {
    name,
    region,
    endpoint,
    caPem: decodeCa(name, description.certificateAuthorityData ?? ""),
    serviceCidr,
    ipFamily,
    version,
    remoteNetworks: description.remoteNetworks,
    fetchedAtMs: nowMs,
  };
}

function decodeCa(name: string, data: string): string {
  const pem = Buffer.from(data, "base64").toString("utf8");
  try {
    new X509Certificate(pem);
    return pem.endsWith("\n") ? pem : `${pem}\n`;
  } catch (cause) {
    throw new SatelliteError(
      "cluster-ca-invalid",
      `the certificate authority of cluster ${name} is not a PEM certificate: ${JSON.stringify(pem.slice(0, 40))}`,
      {
        hint: `Compare with aws eks describe-cluster --name ${name} --query cluster.certificateAuthority.data --output text | base64 -d.`,
        cause,
      },
    );
  }
}

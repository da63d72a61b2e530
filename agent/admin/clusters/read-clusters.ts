// Which clusters an administrator sees, region by region. What one region or one cluster refuses hides no other.
import type { ClusterName } from "../../aws/cluster.ts";
import { describe, SatelliteError } from "../../errors.ts";
import type { AdminAws } from "../../host/admin-aws.ts";
import type { Aws, AwsKeys, ClusterDescription } from "../../host/aws.ts";
import { callAws } from "../aws-call.ts";
import { readKeys } from "../cluster-access.ts";
import { findObstacles, type Obstacle } from "./obstacles.ts";

/** A cluster as it is listed. */
export interface ClusterView extends ClusterName {
  readonly description: ClusterDescription;
  readonly obstacles: readonly Obstacle[];
}

/** What could not be read, and why. */
export interface Unread {
  /** A region, or a cluster in one. */
  readonly what: string;
  readonly problem: string;
  readonly hint: string | undefined;
}

export interface RegionAdmin {
  readonly aws: Pick<Aws, "describeCluster">;
  readonly adminAws: Pick<AdminAws, "readKeys" | "listClusters">;
}

/** EKS allows a few DescribeCluster a second. */
const AT_ONCE = 4;

/** Reads all clusters of a region. @throws credentials-missing */
export async function readRegion(
  admin: RegionAdmin,
  region: string,
): Promise<{ readonly clusters: readonly ClusterView[]; readonly unread: readonly Unread[] }> {
  const keys = await readKeys(admin.adminAws);
  const question = { action: "eks:ListClusters", resource: "*", caller: callerOf(keys) };
  const clusters: ClusterView[] = [];
  const unread: Unread[] = [];
  const names = await callAws(question, () => admin.adminAws.listClusters()).catch((error: unknown) => {
    unread.push(toUnread(region, error));
    return [];
  });
  const left = names.toSorted();
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const cluster = { name, region };
      await describeOne(admin, keys, cluster).then(
        (view) => clusters.push(view),
        (error: unknown) => unread.push(toUnread(`${name} in ${region}`, error)),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { clusters: clusters.toSorted((one, other) => (one.name < other.name ? -1 : 1)), unread };
}

/** @throws credentials-missing, cluster-not-found, aws-forbidden, … */
export async function readOne(admin: RegionAdmin, cluster: ClusterName): Promise<ClusterView> {
  return describeOne(admin, await readKeys(admin.adminAws), cluster);
}

async function describeOne({ aws }: RegionAdmin, keys: AwsKeys, cluster: ClusterName): Promise<ClusterView> {
  const { name, region } = cluster;
  const question = {
    action: "eks:DescribeCluster",
    resource: `arn:*:eks:${region}:*:cluster/${name}`,
    caller: callerOf(keys),
  };
  const ask = async () => aws.describeCluster(keys, name);
  const description = await callAws(question, ask).catch((cause: unknown) => {
    if ((cause as { cause?: { name?: string } }).cause?.name !== "ResourceNotFoundException") throw cause;
    throw new SatelliteError("cluster-not-found", `there is no cluster ${name} in ${region}`, {
      hint: `eks-satellite clusters list --region ${region} lists those that there are.`,
      cause,
    });
  });
  return { name, region, description, obstacles: findObstacles(cluster, description) };
}

function callerOf({ accessKeyId }: AwsKeys): string {
  return `access key ${accessKeyId}`;
}

function toUnread(what: string, error: unknown): Unread {
  const { message, hint } = describe(error);
  return { what, problem: message, hint };
}

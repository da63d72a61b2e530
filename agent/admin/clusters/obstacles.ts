// What of a cluster keeps a machine outside AWS from being its node, or from being a whole one; each with what to do.
import type { ClusterName } from "../../aws/cluster.ts";
import type { ClusterDescription } from "../../host/aws.ts";

export interface Obstacle {
  /** `out`: no satellite joins. `limit`: one joins, and lacks something. */
  readonly kind: "out" | "limit";
  readonly problem: string;
  readonly remedy: string;
}

/** EKS serves the API in these. */
const USABLE = ["ACTIVE", "UPDATING"];
const EVERYWHERE = "0.0.0.0/0";

/** In the order in which they are worth mending. */
export function findObstacles(cluster: ClusterName, description: ClusterDescription): readonly Obstacle[] {
  return [
    ...statusObstacles(description),
    ...endpointObstacles(cluster, description),
    ...familyObstacles(description),
    ...accessObstacles(cluster, description),
    ...networkObstacles(cluster, description),
  ];
}

function statusObstacles({ status = "unknown" }: ClusterDescription): readonly Obstacle[] {
  if (USABLE.includes(status)) return [];
  const remedy =
    status === "CREATING" || status === "PENDING"
      ? "Wait until it is ACTIVE."
      : "Choose another cluster, or see it in the EKS console: only an ACTIVE one takes nodes.";
  return [{ kind: "out", problem: `it is ${status}`, remedy }];
}

function endpointObstacles(cluster: ClusterName, { vpc }: ClusterDescription): readonly Obstacle[] {
  if (vpc === undefined) return [];
  const open = `${updateCommand(cluster)} --resources-vpc-config endpointPublicAccess=true`;
  if (!vpc.hasPublicEndpoint)
    return [
      {
        kind: "out",
        problem: "its API server has a private endpoint alone",
        remedy: `Machines outside its VPC need a connection into it, or the public endpoint: ${open}.`,
      },
    ];
  const { publicCidrs } = vpc;
  if (publicCidrs.length === 0 || publicCidrs.includes(EVERYWHERE)) return [];
  return [
    {
      kind: "out",
      problem: `its API server answers ${publicCidrs.join(", ")} alone`,
      remedy: `Unless the machine's public address is in there, add it: ${open},publicAccessCidrs=${[...publicCidrs, "ADDRESS/32"].join(",")}.`,
    },
  ];
}

function familyObstacles({ ipFamily }: ClusterDescription): readonly Obstacle[] {
  if (ipFamily !== "ipv6") return [];
  return [
    {
      kind: "limit",
      problem: "its pods and Services have IPv6 addresses",
      remedy: "The machine needs IPv6 of its own, and a gateway is for IPv4 alone: choose a cluster of family ipv4.",
    },
  ];
}

function accessObstacles(cluster: ClusterName, { authenticationMode }: ClusterDescription): readonly Obstacle[] {
  if (authenticationMode === "API" || authenticationMode === "API_AND_CONFIG_MAP") return [];
  return [
    {
      kind: "limit",
      problem: "it knows nodes by aws-auth alone",
      remedy: `eks-satellite authorize writes to aws-auth there. Access entries: ${updateCommand(cluster)} --access-config authenticationMode=API_AND_CONFIG_MAP, which cannot be undone.`,
    },
  ];
}

function networkObstacles(cluster: ClusterName, { remoteNetworks }: ClusterDescription): readonly Obstacle[] {
  if ((remoteNetworks?.nodes.length ?? 0) > 0) return [];
  return [
    {
      kind: "limit",
      problem: "it has no remote networks",
      remedy: `kubectl logs and exec, webhooks and Services do not reach a satellite: eks-satellite gateway create --cluster ${cluster.name} --region ${cluster.region} makes a way, and adds them.`,
    },
  ];
}

function updateCommand({ name, region }: ClusterName): string {
  return `aws eks update-cluster-config --region ${region} --name ${name}`;
}

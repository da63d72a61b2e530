// Why a gateway cannot be made here, found before anything is changed: networks that collide, a cluster or a subnet that does not fit.
import { SatelliteError } from "../../errors.ts";
import type { RemoteNetworks, RouteTable, VpcSubnet } from "../../host/gateway-aws/types.ts";
import { isNetwork } from "../../tunnel/entries.ts";
import { capacityOf, DOCKER_NETWORK, findFreeNetworks, isPrivate, overlap, type TunnelNetworks } from "./networks.ts";
import type { VpcPicture } from "./picture.ts";

const DEFAULT_ROUTE = "0.0.0.0/0";
/** Smaller networks have no room for nodes. */
const LONGEST_PREFIX = 28;
/** EKS API reference, RemoteNodeNetwork and RemotePodNetwork. */
const MAX_REMOTE_NETWORKS = 15;

/** What of the cluster decides whether a gateway can serve it. */
export interface GatewayCluster {
  readonly name: string;
  readonly region: string;
  readonly mode: string;
  readonly ipFamily: string;
  readonly serviceCidr: string;
  readonly hasPublicEndpoint: boolean;
  readonly subnetIds: readonly string[];
  readonly remoteNetworks: RemoteNetworks;
}

/** @throws cluster-ipv6, authentication-mode, endpoint-private */
export function checkCluster(
  cluster: GatewayCluster,
  { allowsPrivateEndpoint }: { allowsPrivateEndpoint: boolean },
): void {
  const { name, region, ipFamily, mode, hasPublicEndpoint } = cluster;
  if (ipFamily === "ipv6")
    throw new SatelliteError(
      "cluster-ipv6",
      `cluster ${name} is an IPv6 cluster: EKS has remote networks for IPv4 clusters only`,
      {
        hint: "Use a cluster of IP family IPv4; the family of a cluster cannot be changed.",
      },
    );
  if (mode === "CONFIG_MAP")
    throw new SatelliteError(
      "authentication-mode",
      `the authentication mode of cluster ${name} is CONFIG_MAP: EKS takes remote networks, and access entries for gateways, in the modes API and API_AND_CONFIG_MAP only`,
      {
        hint: `Allow entries beside aws-auth, which cannot be undone: aws eks update-cluster-config --name ${name} --region ${region} --access-config authenticationMode=API_AND_CONFIG_MAP.`,
      },
    );
  if (!hasPublicEndpoint && !allowsPrivateEndpoint)
    throw new SatelliteError(
      "endpoint-private",
      `the API server of cluster ${name} has a private endpoint only: satellites reach it through the tunnel alone, and are NotReady whenever the gateway is away`,
      {
        hint: `Open the public endpoint too (aws eks update-cluster-config --name ${name} --region ${region} --resources-vpc-config endpointPublicAccess=true; publicAccessCidrs limits it). Or give --private-endpoint: satellites then need the static configuration that eks-satellite authorize --tunnel --print config prints.`,
      },
    );
}

/** What networks of satellites must not collide with. */
export interface Surroundings {
  readonly cluster: GatewayCluster;
  readonly vpc: VpcPicture;
  /** Routes to these interfaces, and dead ones to the same destination, are the gateway's own. */
  readonly ownInterfaceIds: readonly string[];
}

/** The networks that are given, or else the first ones that collide with nothing. @throws network-invalid, network-overlap, network-none-free */
export function chooseNetworks(given: Partial<TunnelNetworks>, around: Surroundings): TunnelNetworks {
  const free = findFreeNetworks([
    ...takenBy(around, undefined).map(({ cidr }) => cidr),
    ...[given.nodes, given.pods].filter((cidr) => cidr !== undefined),
    ...around.cluster.remoteNetworks.nodes,
    ...around.cluster.remoteNetworks.pods,
  ]);
  if (free === undefined && given.nodes === undefined)
    throw new SatelliteError(
      "network-none-free",
      "no block of 65,536 private addresses is free beside the VPC, the services and the routes",
      {
        hint: "Give two smaller networks with --node-network and --pod-network.",
      },
    );
  // A network of pods is made up with one of nodes only: a user who chooses one chooses both.
  const isChosen = given.nodes !== undefined;
  const networks = { nodes: given.nodes ?? free?.nodes ?? "", pods: given.pods ?? (isChosen ? undefined : free?.pods) };
  checkNetworks(networks, around);
  return networks;
}

/** @throws network-invalid, network-overlap, remote-networks-full */
export function checkNetworks({ nodes, pods }: TunnelNetworks, around: Surroundings): void {
  checkForm("--node-network", nodes);
  if (pods !== undefined) checkForm("--pod-network", pods);
  const collision = (option: string, cidr: string, own: readonly (readonly [string, string | undefined])[]) => {
    const others = [
      ...takenBy(around, cidr),
      ...own.flatMap(([what, other]) => (other === undefined ? [] : [{ cidr: other, what }])),
    ];
    const found = others.find((other) => overlap(other.cidr, cidr));
    if (found === undefined) return;
    throw new SatelliteError("network-overlap", `${option} ${cidr} overlaps ${found.cidr}, ${found.what}`, {
      hint: "Give a private network that nothing in the VPC, behind its routes, or on the machines uses; without the option a free one is proposed.",
    });
  };
  const { remoteNetworks } = around.cluster;
  collision(
    "--node-network",
    nodes,
    remoteNetworks.pods.map((cidr) => ["a remote pod network of the cluster", cidr] as const),
  );
  if (pods === undefined) return;
  collision("--pod-network", pods, [
    ["the network of nodes", nodes],
    ...remoteNetworks.nodes.map((cidr) => ["a remote node network of the cluster", cidr] as const),
  ]);
}

/** @throws remote-networks-full */
export function checkRoom(wanted: RemoteNetworks): void {
  const count = Math.max(wanted.nodes.length, wanted.pods.length);
  if (count <= MAX_REMOTE_NETWORKS) return;
  throw new SatelliteError(
    "remote-networks-full",
    `the cluster would have ${count} remote networks, and EKS takes ${MAX_REMOTE_NETWORKS} of a kind`,
    {
      hint: "Remove those that nothing uses, or give a --node-network within one that is there: aws eks describe-cluster --query cluster.remoteNetworkConfig.",
    },
  );
}

/** The subnet that is given, or the first one with a way to the internet; the cluster's own come first. @throws subnet-not-found, vpc-mismatch, subnet-private, subnet-full */
export function chooseSubnet(given: string | undefined, { cluster, vpc }: Surroundings): VpcSubnet {
  const { subnets, routeTables } = vpc;
  if (given !== undefined) {
    const found = subnets.find(({ id }) => id === given);
    if (found === undefined)
      throw new SatelliteError(
        "subnet-not-found",
        `there is no subnet ${given} in ${vpc.vpc.id}, the VPC of cluster ${cluster.name}`,
        {
          hint: `A gateway is in the cluster's VPC: aws ec2 describe-subnets --region ${cluster.region} --filters Name=vpc-id,Values=${vpc.vpc.id}.`,
        },
      );
    if (!isPublic(found, routeTables))
      throw new SatelliteError(
        "subnet-private",
        `subnet ${given} has no route to an internet gateway: satellites could not reach a gateway there`,
        {
          hint: "Give a public subnet of the VPC, whose route table has 0.0.0.0/0 to an igw-…; without --subnet one is chosen.",
        },
      );
    if (found.freeAddresses > 0) return found;
    throw new SatelliteError("subnet-full", `subnet ${given} has no free address`, {
      hint: "Give another public subnet of the VPC.",
    });
  }
  const rank = ({ id }: VpcSubnet) => `${cluster.subnetIds.includes(id) ? 0 : 1}${id}`;
  const fitting = subnets.filter((subnet) => isPublic(subnet, routeTables) && subnet.freeAddresses > 0);
  const [first] = fitting.toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1));
  if (first !== undefined) return first;
  throw new SatelliteError(
    "subnet-private",
    `no subnet of ${vpc.vpc.id} has a route to an internet gateway and a free address`,
    {
      hint: "Satellites dial a gateway by its public address: make a small public subnet in the VPC (a route table with 0.0.0.0/0 to an internet gateway), and give it with --subnet.",
    },
  );
}

/** The table that serves a subnet: its own, or else the VPC's main one. */
export function tableOf({ id }: VpcSubnet, tables: readonly RouteTable[]): RouteTable | undefined {
  return tables.find(({ subnetIds }) => subnetIds.includes(id)) ?? tables.find(({ isMain }) => isMain);
}

function isPublic(subnet: VpcSubnet, tables: readonly RouteTable[]): boolean {
  const routes = tableOf(subnet, tables)?.routes ?? [];
  return routes.some(
    ({ destination, target, state }) =>
      destination === DEFAULT_ROUTE && target.startsWith("igw-") && state === "active",
  );
}

/** @throws network-invalid */
function checkForm(option: string, cidr: string): void {
  const refuse = (what: string, hint: string) => {
    throw new SatelliteError("network-invalid", `${option} ${JSON.stringify(cidr)} ${what}`, { hint });
  };
  if (!isNetwork(cidr)) refuse("is not an IPv4 network", "It looks like 10.250.0.0/20, without host bits.");
  if (!isPrivate(cidr))
    refuse(
      "is not private",
      "EKS takes remote networks within 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 (RFC 1918) only.",
    );
  if (Number(cidr.split("/")[1]) > LONGEST_PREFIX)
    refuse(
      `has room for ${capacityOf(cidr)} nodes`,
      `Give a /${LONGEST_PREFIX} or a larger one; it cannot grow later.`,
    );
}

interface Taken {
  readonly cidr: string;
  readonly what: string;
}

/** @param wanted the network in question, whose own routes do not count */
function takenBy({ cluster, vpc, ownInterfaceIds }: Surroundings, wanted: string | undefined): readonly Taken[] {
  const routes = vpc.routeTables.flatMap(({ id, routes: all }) =>
    all
      .filter(({ destination, target }) => destination !== DEFAULT_ROUTE && target !== "local")
      .filter(
        ({ destination, target, state }) =>
          !(destination === wanted && (state === "blackhole" || ownInterfaceIds.includes(target))),
      )
      .filter(({ target }) => !ownInterfaceIds.includes(target))
      .map(({ destination, target }) => ({ cidr: destination, what: `a route of ${id} to ${target}` })),
  );
  return [
    ...vpc.vpc.cidrs.map((cidr) => ({ cidr, what: `a network of ${vpc.vpc.id}` })),
    { cidr: cluster.serviceCidr, what: "the network of the cluster's Services" },
    { cidr: DOCKER_NETWORK, what: "Docker's own network on machines that have it" },
    ...routes,
  ];
}

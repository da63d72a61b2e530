// What a gateway lacks in AWS, from what AWS said: pure, for an administrator's `gateway check` and for the gateway itself.
import type { GatewayInterface, RemoteNetworks } from "../../host/gateway-aws/types.ts";
import { primaryName } from "./names.ts";
import type { TunnelNetworks } from "./networks.ts";
import type { GatewayPicture, VpcPicture } from "./picture.ts";
import { missingNetworks } from "./plan/missing-networks.ts";
import { routedNetworks, servingTables } from "./plan/routes.ts";
import { clusterGroupRules, describeRule, gatewayRules, kubeletRule, missingRules } from "./rules.ts";

/** One thing that is not as it must be. */
export interface Finding {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  /** The command that mends it. */
  readonly command: string;
}

export interface Inspected {
  readonly cluster: string;
  readonly region: string;
  /** The gateway's name. */
  readonly gateway: string;
  /** Undefined when nothing says which networks it serves. */
  readonly networks: TunnelNetworks | undefined;
  readonly remoteNetworks: RemoteNetworks;
  /** The cluster's own security group. */
  readonly clusterGroupId: string;
  readonly vpc: VpcPicture;
  readonly picture: GatewayPicture;
  /** Interfaces of all gateways of the cluster: of two the one that holds the Lease has the routes. */
  readonly gatewayInterfaces: readonly string[];
}

/** Everything that is missing or wrong, in the order in which it is best mended. */
export function inspectGateway(seen: Inspected): readonly Finding[] {
  const { groups, interfaces, instances } = seen.picture;
  if (groups.length === 0 && interfaces.length === 0 && instances.length === 0)
    return [finding(seen, "gateway-missing", `cluster ${seen.cluster} has no gateway ${seen.gateway}`)];
  return [
    ...inspectGroup(seen),
    ...inspectInterface(seen),
    ...inspectInstance(seen),
    ...inspectRoutes(seen),
    ...inspectClusterGroup(seen),
    ...inspectRemoteNetworks(seen),
  ];
}

/** The command that completes a gateway. */
export function createCommand({ cluster, region, gateway }: Pick<Inspected, "cluster" | "region" | "gateway">): string {
  const primary = primaryName(gateway);
  const name = primary === undefined ? gateway : `${primary} --standby`;
  return `eks-satellite gateway create --cluster ${cluster} --region ${region} --name ${name}`;
}

function finding(seen: Inspected, code: string, message: string, command?: string): Finding {
  return { code, message, command: command ?? createCommand(seen) };
}

function inspectGroup(seen: Inspected): readonly Finding[] {
  const { vpc, picture } = seen;
  const [group] = picture.groups;
  if (group === undefined) return [finding(seen, "security-group-missing", "the gateway's security group is missing")];
  const missing = missingRules(gatewayRules(vpc.vpc.cidrs, [], {}), picture.rules);
  return missing.map((rule) =>
    finding(
      seen,
      "security-group-closed",
      `security group ${group.id} does not let pass ${describeRule(rule)} (${rule.description})`,
    ),
  );
}

function inspectInterface(seen: Inspected): readonly Finding[] {
  const { interfaces, addresses, groups } = seen.picture;
  const [eni] = interfaces;
  if (eni === undefined) return [finding(seen, "interface-missing", "the gateway's network interface is missing")];
  const isInGroup = groups[0] === undefined || eni.groupIds.includes(groups[0].id);
  const address = addresses.find(({ interfaceId }) => interfaceId === eni.id);
  return [
    ...(eni.sourceDestCheck ? [checkIsOn(seen, eni)] : []),
    ...(isInGroup
      ? []
      : [
          finding(
            seen,
            "interface-group-differs",
            `network interface ${eni.id} has ${eni.groupIds.join(", ") || "no security group"}, and not the gateway's ${groups[0]?.id}`,
            `aws ec2 modify-network-interface-attribute --region ${seen.region} --network-interface-id ${eni.id} --groups ${groups[0]?.id}`,
          ),
        ]),
    ...(address === undefined
      ? [
          finding(
            seen,
            "address-missing",
            `network interface ${eni.id} has no Elastic IP of the gateway: satellites cannot reach it`,
          ),
        ]
      : []),
  ];
}

function checkIsOn(seen: Inspected, { id }: GatewayInterface): Finding {
  return finding(
    seen,
    "source-dest-check-on",
    `the source/dest check of network interface ${id} is on: EC2 drops every packet from and to a satellite`,
    `aws ec2 modify-network-interface-attribute --region ${seen.region} --network-interface-id ${id} --no-source-dest-check`,
  );
}

function inspectInstance(seen: Inspected): readonly Finding[] {
  const { instances, interfaces } = seen.picture;
  const [instance] = instances;
  if (instance === undefined) return [finding(seen, "instance-missing", "the gateway's instance is missing")];
  const { id, state } = instance;
  if (state !== "running" && state !== "pending")
    return [
      finding(
        seen,
        "instance-stopped",
        `instance ${id} is ${state}`,
        `aws ec2 start-instances --region ${seen.region} --instance-ids ${id}`,
      ),
    ];
  const [eni] = interfaces;
  if (eni === undefined || eni.instanceId === id) return [];
  return [
    finding(
      seen,
      "interface-detached",
      `network interface ${eni.id} is attached to ${eni.instanceId ?? "nothing"}, and not to instance ${id}`,
      `aws ec2 terminate-instances --region ${seen.region} --instance-ids ${id}, then ${createCommand(seen)}`,
    ),
  ];
}

function inspectRoutes(seen: Inspected): readonly Finding[] {
  const { networks, vpc, picture, region } = seen;
  const eni = picture.interfaces[0]?.id;
  if (networks === undefined || eni === undefined) return [];
  return servingTables(vpc.routeTables, vpc.subnets).flatMap(({ id, routes }) =>
    routedNetworks(networks).flatMap((destination) => {
      const present = routes.find((route) => route.destination === destination);
      const fix = (verb: string) =>
        `aws ec2 ${verb}-route --region ${region} --route-table-id ${id} --destination-cidr-block ${destination} --network-interface-id ${eni}`;
      if (present === undefined)
        return [
          finding(
            seen,
            "vpc-route-missing",
            `route table ${id} has no route to ${destination}: its subnets do not reach satellites`,
            fix("create"),
          ),
        ];
      if (present.target === eni || seen.gatewayInterfaces.includes(present.target)) return [];
      const code = present.state === "blackhole" ? "route-blackhole" : "route-elsewhere";
      return [
        finding(
          seen,
          code,
          `the route to ${destination} in ${id} leads to ${present.target}${present.state === "blackhole" ? ", which is gone" : ""}, and not to ${eni}`,
          fix("replace"),
        ),
      ];
    }),
  );
}

function inspectClusterGroup(seen: Inspected): readonly Finding[] {
  const { networks, vpc, clusterGroupId, picture } = seen;
  const subnet = vpc.subnets.find(({ id }) => id === picture.interfaces[0]?.subnetId);
  if (networks === undefined || clusterGroupId === "") return [];
  const missing = [
    ...missingRules(clusterGroupRules(networks, subnet?.cidr, {}), vpc.clusterRules),
    ...missingRules([kubeletRule(networks)], vpc.clusterRules),
  ];
  return missing.map((rule) =>
    finding(
      seen,
      "cluster-security-group-closed",
      `the cluster's security group ${clusterGroupId} does not let pass ${describeRule(rule)} (${rule.description})`,
      rule.direction === "in"
        ? undefined
        : `aws ec2 authorize-security-group-egress --region ${seen.region} --group-id ${clusterGroupId} --ip-permissions IpProtocol=tcp,FromPort=${rule.fromPort},ToPort=${rule.toPort},IpRanges=[{CidrIp=${rule.cidr}}]`,
    ),
  );
}

function inspectRemoteNetworks(seen: Inspected): readonly Finding[] {
  const { networks, remoteNetworks, cluster } = seen;
  if (networks === undefined) return [];
  const missing = missingNetworks(remoteNetworks, networks);
  const describe = (cidr: string, kind: string) =>
    finding(
      seen,
      "remote-network-missing",
      `cluster ${cluster} does not have ${cidr} among its ${kind}: EKS sends nothing there`,
    );
  return [
    ...missing.nodes.map((cidr) => describe(cidr, "remoteNodeNetworks")),
    ...missing.pods.map((cidr) => describe(cidr, "remotePodNetworks")),
  ];
}

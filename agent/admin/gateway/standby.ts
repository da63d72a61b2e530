// Plans the gateway that stands by: a gateway with pieces of its own, in another availability zone where there is a public subnet.
import type { VpcSubnet } from "../../host/gateway-aws/types.ts";
import type { Change } from "../change.ts";
import type { TunnelNetworks } from "./networks.ts";
import { planGroup, planGroupRules } from "./plan/group.ts";
import { type InstanceSpec, planInstance } from "./plan/instance.ts";
import { planAddress, planInterface } from "./plan/interface.ts";
import { planIdentity } from "./plan/role.ts";
import { servingTableArns } from "./plan/routes.ts";
import { type Reading, vpcOf } from "./read.ts";
import { chooseSubnet, type Surroundings } from "./refusals.ts";
import { clusterGroupRules } from "./rules.ts";

export interface StandbyPlace {
  readonly networks: TunnelNetworks;
  /** The first gateway's subnet. */
  readonly subnetId: string;
}

/** What of it is missing. Routes, remote networks and what the cluster holds are both gateways', and the first one's plan has them. */
export function planStandby(
  reading: Reading,
  spec: InstanceSpec,
  { networks, subnetId }: StandbyPlace,
): readonly Change[] {
  const { context, vpc, gateway, around, identity } = reading;
  const [present] = gateway.interfaces;
  const own = vpc.subnets.find(({ id }) => id === present?.subnetId) ?? standbySubnet(subnetId, around);
  const { id: vpcId, securityGroupId } = vpcOf(context.access);
  const group = planGroup(
    context,
    { vpcId, vpcCidrs: vpc.vpc.cidrs, group: gateway.groups[0], rules: gateway.rules },
    { networks, allowances: spec.allowances },
  );
  const place = planInterface(context, present, { subnetId: own.id, groupId: group.id });
  const address = planAddress(context, gateway.addresses[0], place.id);
  const placement = { interfaceId: place.id, address: place.address, publicIp: address.publicIp };
  // The satellites' rules, and that of a common subnet, are the first gateway's.
  const rules = clusterGroupRules(networks, own.cidr, context.names.tags).filter(
    ({ cidr }) => cidr === own.cidr && own.id !== subnetId,
  );
  return [
    ...planIdentity(context, identity, servingTableArns(context.access, vpc)),
    ...group.changes,
    ...place.changes,
    ...address.changes,
    ...planInstance(context, gateway.instances[0], spec, placement),
    ...planGroupRules(context, { groupId: securityGroupId, rules: vpc.clusterRules }, rules),
  ];
}

/** A public subnet of another availability zone; of another subnet where there is none; else the same one. */
export function standbySubnet(firstId: string, around: Surroundings): VpcSubnet {
  const first = around.vpc.subnets.find(({ id }) => id === firstId);
  const without = (isLeftOut: (subnet: VpcSubnet) => boolean): Surroundings => ({
    ...around,
    vpc: { ...around.vpc, subnets: around.vpc.subnets.filter((subnet) => !isLeftOut(subnet)) },
  });
  const tries = [
    without(({ availabilityZone }) => availabilityZone === first?.availabilityZone),
    without(({ id }) => id === firstId),
  ];
  for (const surroundings of tries) {
    try {
      return chooseSubnet(undefined, surroundings);
    } catch {
      // The next choice is a worse one.
    }
  }
  return chooseSubnet(firstId, around);
}

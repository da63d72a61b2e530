// The gateway's security group with its rules, and the rules of the cluster's group that let satellites in.
import type { GatewayGroup, GroupRule, RuleRequest } from "../../../host/gateway-aws/types.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import type { TunnelNetworks } from "../networks.ts";
import { networksTag } from "../picture.ts";
import {
  type Allowance,
  clusterGroupRules,
  describeRule,
  gatewayRules,
  isDefaultEgress,
  missingRules,
} from "../rules.ts";
import { type GatewayContext, Later } from "./context.ts";

export interface GroupPicture {
  readonly vpcId: string;
  readonly vpcCidrs: readonly string[];
  readonly group: GatewayGroup | undefined;
  readonly rules: readonly GroupRule[];
}

export interface GroupPlan {
  readonly id: Later<string>;
  readonly changes: readonly Change[];
}

/** The group, its rules, and at last that it lets out nothing else. */
export function planGroup(
  context: GatewayContext,
  { vpcId, vpcCidrs, group, rules }: GroupPicture,
  { networks, allowances }: { networks: TunnelNetworks; allowances: readonly Allowance[] },
): GroupPlan {
  const { names } = context;
  const id = new Later(`security group ${names.label}`, group?.id);
  const missing = missingRules(
    gatewayRules(vpcCidrs, allowances, names.tags),
    rules.filter((rule) => !isDefaultEgress(rule)),
  );
  const changes = [
    ...(group === undefined ? [planCreation(context, { id, vpcId, networks })] : []),
    ...(missing.length === 0
      ? []
      : [planRules(context, { id, target: `rules of security group ${names.label}`, missing })]),
    ...(group === undefined || rules.some(isDefaultEgress) ? [planClosing(context, id)] : []),
  ];
  return { id, changes };
}

/** The way of satellites and of the gateway to the API server, and to DNS. */
export function planClusterGroup(
  context: GatewayContext,
  { groupId, rules }: { groupId: string; rules: readonly GroupRule[] },
  { networks, subnetCidr }: { networks: TunnelNetworks; subnetCidr: string | undefined },
): readonly Change[] {
  return planGroupRules(context, { groupId, rules }, clusterGroupRules(networks, subnetCidr, context.names.tags));
}

/** Those of the rules that the cluster's security group lacks. */
export function planGroupRules(
  context: GatewayContext,
  { groupId, rules }: { groupId: string; rules: readonly GroupRule[] },
  wanted: readonly RuleRequest[],
): readonly Change[] {
  const missing = missingRules(wanted, rules);
  if (missing.length === 0) return [];
  const id = new Later("the cluster's security group", groupId);
  return [planRules(context, { id, target: `rules of the cluster's security group ${groupId}`, missing })];
}

function planCreation(
  { aws, ask, names }: GatewayContext,
  { id, vpcId, networks }: { id: Later<string>; vpcId: string; networks: TunnelNetworks },
): Change {
  const target = `security group ${names.label}`;
  const tags = { ...names.tags, ...networksTag(networks) };
  const request = {
    name: names.label,
    description: `Gateway of EKS cluster ${names.cluster} for nodes outside AWS`,
    vpcId,
    tags,
  };
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty({ vpcId, tags })),
    apply: async () => id.set(await ask("ec2:CreateSecurityGroup", "security-group/*", () => aws.createGroup(request))),
  };
}

function planRules(
  { aws, ask }: GatewayContext,
  { id, target, missing }: { id: Later<string>; target: string; missing: readonly RuleRequest[] },
): Change {
  const directions = [...new Set(missing.map(({ direction }) => direction))];
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, missing.map((rule) => `${describeRule(rule)}   # ${rule.description}\n`).join("")),
    apply: async () => {
      for (const direction of directions) {
        const action = direction === "in" ? "ec2:AuthorizeSecurityGroupIngress" : "ec2:AuthorizeSecurityGroupEgress";
        const rules = missing.filter((rule) => rule.direction === direction);
        await ask(action, `security-group/${id.get()}`, () => aws.allow(id.get(), rules));
      }
    },
  };
}

/** The rule that lets everything out is looked up when it is removed: EC2 makes it with the group. */
function planClosing({ aws, ask, names }: GatewayContext, id: Later<string>): Change {
  const target = `rule of security group ${names.label} that lets everything out`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, "everything to 0.0.0.0/0   # EC2's default\n", undefined),
    apply: async () => {
      const rules = await ask("ec2:DescribeSecurityGroupRules", "*", () => aws.listRules([id.get()]));
      const open = rules.filter(isDefaultEgress);
      await ask("ec2:RevokeSecurityGroupEgress", `security-group/${id.get()}`, () => aws.revoke(open));
    },
  };
}

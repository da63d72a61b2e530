// The IAM role that a node assumes: created when it is missing, updated when it is ours, left alone when it is not.
import { SatelliteError } from "../errors.ts";
import type { AdminAws, Role } from "../host/admin-aws.ts";
import { callAws } from "./aws-call.ts";
import { type Change, diffOf, pretty } from "./change.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import {
  describeRole,
  isSamePolicy,
  type NodeRole,
  POLICY_NAME,
  permissionPolicy,
  pinnedNames,
  ROLE_TAG,
  roleArn,
  trustedBy,
  trustPolicy,
} from "./node-role-policy.ts";

export interface RolePlan {
  readonly arn: string;
  /** EKS learns of a new role only after some seconds. */
  readonly isNew: boolean;
  readonly changes: readonly Change[];
}

/** What the user specifies; the rest follows from the cluster. */
export type RoleSpec = Pick<NodeRole, "name" | "trustedArn" | "nodeNames">;

/** @throws role-not-ours, aws-forbidden */
export async function planNodeRole(aws: AdminAws, access: ClusterAccess, wanted: RoleSpec): Promise<RolePlan> {
  const shape: NodeRole = { ...wanted, partition: access.partition, account: access.account, clusterArn: access.arn };
  const arn = roleArn(shape);
  const ask = createAsk(access, arn);
  const present = await ask("iam:GetRole", () => aws.findRole(wanted.name));
  if (present === undefined) {
    const changes = [planRole(aws, ask, shape), planPolicy(aws, ask, shape, undefined)];
    return { arn, isNew: true, changes };
  }
  const trust = JSON.parse(present.trustPolicy) as unknown;
  // Nodes that are already let in stay in: the new name is added to theirs.
  const earlier = pinnedNames(trust, wanted.trustedArn) ?? [];
  const role = { ...shape, nodeNames: [...new Set([...earlier, ...wanted.nodeNames])].toSorted() };
  const policyText = await ask("iam:GetRolePolicy", () => aws.findRolePolicy(wanted.name, POLICY_NAME));
  const policy = policyText === undefined ? undefined : (JSON.parse(policyText) as unknown);
  const changes = [
    ...(isSamePolicy(trust, trustPolicy(role)) ? [] : [planTrust(aws, ask, role, trust)]),
    ...(isSamePolicy(policy, permissionPolicy(role)) ? [] : [planPolicy(aws, ask, role, policy)]),
  ];
  if (changes.length > 0) checkOurs(present, role);
  return { arn: present.arn, isNew: false, changes };
}

type Ask = <T>(action: string, call: () => Promise<T>) => Promise<T>;

function createAsk({ callerArn }: ClusterAccess, arn: string): Ask {
  return (action, call) => callAws({ action, resource: arn, caller: callerArn }, call);
}

function planRole(aws: AdminAws, ask: Ask, role: NodeRole): Change {
  const target = `trust policy of role ${role.name}`;
  const request = {
    name: role.name,
    description: describeRole(role),
    trustPolicy: JSON.stringify(trustPolicy(role)),
    tags: { [ROLE_TAG]: role.clusterArn },
  };
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty(trustPolicy(role))),
    apply: () => ask("iam:CreateRole", () => aws.createRole(request)),
    undo: () => ask("iam:DeleteRole", () => aws.deleteRole(role.name)),
  };
}

function planTrust(aws: AdminAws, ask: Ask, role: NodeRole, before: unknown): Change {
  const target = `trust policy of role ${role.name}`;
  const set = (policy: unknown) =>
    ask("iam:UpdateAssumeRolePolicy", () => aws.setTrustPolicy(role.name, JSON.stringify(policy)));
  return {
    target,
    action: "update",
    diff: diffOf(target, pretty(before), pretty(trustPolicy(role))),
    apply: () => set(trustPolicy(role)),
    undo: () => set(before),
  };
}

function planPolicy(aws: AdminAws, ask: Ask, role: NodeRole, before: unknown): Change {
  const target = `policy ${POLICY_NAME} of role ${role.name}`;
  const after = permissionPolicy(role);
  const put = (policy: unknown) =>
    ask("iam:PutRolePolicy", () => aws.putRolePolicy(role.name, POLICY_NAME, JSON.stringify(policy)));
  const remove = () => ask("iam:DeleteRolePolicy", () => aws.deleteRolePolicy(role.name, POLICY_NAME));
  return {
    target,
    action: before === undefined ? "create" : "update",
    diff: diffOf(target, before === undefined ? undefined : pretty(before), pretty(after)),
    apply: () => put(after),
    undo: () => (before === undefined ? remove() : put(before)),
  };
}

/**
 * Plans what is left of a role without some of its nodes: nothing when it was made for these alone. Undefined for a role
 * that is not this cluster's, and for one that is gone. @throws aws-forbidden
 */
export async function planNodeRoleRemoval(
  aws: AdminAws,
  access: ClusterAccess,
  { name, nodeNames }: Pick<RoleSpec, "name" | "nodeNames">,
): Promise<readonly Change[] | undefined> {
  const ask = createAsk(access, roleArn({ ...access, name }));
  const present = await ask("iam:GetRole", () => aws.findRole(name));
  if (present === undefined || present.tags[ROLE_TAG] !== access.arn) return undefined;
  const trust = JSON.parse(present.trustPolicy) as unknown;
  const trustedArn = trustedBy(trust);
  const pinned = trustedArn === undefined ? undefined : pinnedNames(trust, trustedArn);
  if (trustedArn === undefined || pinned === undefined) return undefined;
  const left = pinned.filter((node) => !nodeNames.includes(node));
  const role = { name, trustedArn, nodeNames: left, partition: access.partition, account: access.account };
  if (left.length > 0)
    return left.length === pinned.length ? [] : [planTrust(aws, ask, { ...role, clusterArn: access.arn }, trust)];
  return [planRemoval(aws, ask, name, trust)];
}

function planRemoval(aws: AdminAws, ask: Ask, name: string, trust: unknown): Change {
  const target = `role ${name} with its policy ${POLICY_NAME}`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, pretty(trust), undefined),
    apply: async () => {
      await ask("iam:DeleteRolePolicy", () => aws.deleteRolePolicy(name, POLICY_NAME));
      await ask("iam:DeleteRole", () => aws.deleteRole(name));
    },
  };
}

/** Only a role of this cluster's nodes may be changed: another role is other users' access. */
function checkOurs({ arn, tags }: Role, { clusterArn }: NodeRole): void {
  if (tags[ROLE_TAG] === clusterArn) return;
  const owner = tags[ROLE_TAG] === undefined ? "was not made by eks-satellite" : `is for ${tags[ROLE_TAG]}`;
  throw new SatelliteError("role-not-ours", `role ${arn} exists, ${owner}, and differs from what a node needs`, {
    hint: `Choose another name with --create-role NAME, or let it in as it is with --role-arn ${arn}.`,
  });
}

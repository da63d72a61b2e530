// The gateway's identity: a role with its policy, the instance profile that carries it, and its access entry in the cluster.
import { SatelliteError } from "../../../errors.ts";
import { GATEWAY_GROUP } from "../../../tunnel/names.ts";
import { callAws } from "../../aws-call.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import { GATEWAY_TAG } from "../../eni.ts";
import { isSamePolicy, ROLE_TAG, roleArn } from "../../node-role-policy.ts";
import { GATEWAY_POLICY } from "../names.ts";
import { gatewayPolicy, gatewayTrustPolicy } from "../policies.ts";
import { askIam, type GatewayContext, isAwsCode, retryWhile } from "./context.ts";

/** What there is of the identity. */
export interface IdentityPicture {
  readonly hasRole: boolean;
  /** Undefined when it is missing. */
  readonly policy: unknown;
  readonly hasProfile: boolean;
  readonly isInProfile: boolean;
  /** Groups of the access entry; undefined when there is none. */
  readonly groups: readonly string[] | undefined;
}

/** ARN of the gateway's role. */
export function gatewayRoleArn({
  access: { partition, account },
  names,
}: Pick<GatewayContext, "access" | "names">): string {
  return roleArn({ partition, account, name: names.role });
}

/** @throws role-not-ours, aws-forbidden */
export async function readIdentity(context: GatewayContext): Promise<IdentityPicture> {
  const { adminAws, aws, access, names } = context;
  const arn = gatewayRoleArn(context);
  const role = await askIam(context, "iam:GetRole", arn, () => adminAws.findRole(names.role));
  if (role !== undefined && role.tags[ROLE_TAG] !== access.arn)
    throw new SatelliteError("role-not-ours", `role ${arn} exists, and was not made for gateways of ${access.arn}`, {
      hint: "Give the gateway another name: --name.",
    });
  const policy =
    role === undefined
      ? undefined
      : await askIam(context, "iam:GetRolePolicy", arn, () => adminAws.findRolePolicy(names.role, GATEWAY_POLICY));
  const profile = await askIam(context, "iam:GetInstanceProfile", profileArn(context), () =>
    aws.findProfile(names.role),
  );
  const entry = await askEks(context, "eks:DescribeAccessEntry", () => adminAws.findAccessEntry(access.name, arn));
  return {
    hasRole: role !== undefined,
    policy: policy === undefined ? undefined : JSON.parse(policy),
    hasProfile: profile !== undefined,
    isInProfile: profile?.roles.includes(names.role) === true,
    groups: entry === undefined ? undefined : (entry.groups ?? []),
  };
}

/** The changes that the identity lacks. @param tableArns of the route tables whose routes it may replace */
export function planIdentity(
  context: GatewayContext,
  present: IdentityPicture,
  tableArns: readonly string[],
): readonly Change[] {
  const wanted = gatewayPolicy(context.access.arn, tableArns);
  return [
    ...(present.hasRole ? [] : [planRole(context)]),
    ...(isSamePolicy(present.policy, wanted) ? [] : [planPolicy(context, present.policy, wanted)]),
    ...(present.hasProfile ? [] : [planProfile(context)]),
    ...(present.isInProfile ? [] : [planMembership(context)]),
    ...(present.groups?.includes(GATEWAY_GROUP) === true ? [] : [planEntry(context, present.groups)]),
  ];
}

function planRole(context: GatewayContext): Change {
  const { adminAws, access, names } = context;
  const policy = gatewayTrustPolicy(access.partition);
  const target = `role ${names.role}`;
  const request = {
    name: names.role,
    description: `Gateway of EKS cluster ${access.name} for nodes outside AWS`,
    trustPolicy: JSON.stringify(policy),
    tags: { [ROLE_TAG]: access.arn, [GATEWAY_TAG]: names.gateway },
  };
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty(policy)),
    apply: () => askIam(context, "iam:CreateRole", gatewayRoleArn(context), () => adminAws.createRole(request)),
  };
}

function planPolicy(context: GatewayContext, before: unknown, after: object): Change {
  const { adminAws, names } = context;
  const target = `policy ${GATEWAY_POLICY} of role ${names.role}`;
  return {
    target,
    action: before === undefined ? "create" : "update",
    diff: diffOf(target, before === undefined ? undefined : pretty(before), pretty(after)),
    apply: () =>
      askIam(context, "iam:PutRolePolicy", gatewayRoleArn(context), () =>
        adminAws.putRolePolicy(names.role, GATEWAY_POLICY, JSON.stringify(after)),
      ),
  };
}

function planProfile(context: GatewayContext): Change {
  const { aws, access, names } = context;
  const target = `instance profile ${names.role}`;
  const tags = { [ROLE_TAG]: access.arn, [GATEWAY_TAG]: names.gateway };
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty({ name: names.role, tags })),
    apply: () =>
      askIam(context, "iam:CreateInstanceProfile", profileArn(context), () => aws.createProfile(names.role, tags)),
  };
}

function planMembership(context: GatewayContext): Change {
  const { aws, names } = context;
  const target = `role of instance profile ${names.role}`;
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty({ role: names.role })),
    apply: () =>
      askIam(context, "iam:AddRoleToInstanceProfile", profileArn(context), () =>
        aws.addRoleToProfile(names.role, names.role),
      ),
  };
}

/** EKS cannot add a group to what it has: an entry without ours was made by hand. @throws entry-differs */
function planEntry(context: GatewayContext, present: readonly string[] | undefined): Change {
  const { adminAws, access, names } = context;
  const arn = gatewayRoleArn(context);
  const target = `access entry of ${arn}`;
  if (present !== undefined)
    throw new SatelliteError("entry-differs", `${arn} has an access entry without the group ${GATEWAY_GROUP}`, {
      hint: `It was made by hand. Delete it and run this again: aws eks delete-access-entry --cluster-name ${access.name} --region ${access.region} --principal-arn ${arn}.`,
    });
  const create = () =>
    askEks(context, "eks:CreateAccessEntry", () =>
      adminAws.createAccessEntry(access.name, arn, "STANDARD", [GATEWAY_GROUP]),
    );
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty({ principalArn: arn, type: "STANDARD", kubernetesGroups: [GATEWAY_GROUP] })),
    apply: (print) =>
      retryWhile(
        context,
        { attempts: 15, everyMilliseconds: 2000, says: `EKS does not know role ${names.role} yet; asking again` },
        { isTooEarly: (error) => isAwsCode(error, "InvalidParameterException"), print, call: create },
      ),
  };
}

/** An access entry's own ARN ends in an id, so a policy can name it with a wildcard only. */
export function askEks<T>({ access, names }: GatewayContext, action: string, call: () => Promise<T>): Promise<T> {
  const entry = `${access.arn.replace(":cluster/", ":access-entry/")}/role/${access.account}/${names.role}/*`;
  const resource = action === "eks:CreateAccessEntry" ? access.arn : entry;
  return callAws({ action, resource, caller: access.callerArn }, call);
}

/** ARN of the instance profile. */
export function profileArn({ access: { partition, account }, names }: GatewayContext): string {
  return `arn:${partition}:iam::${account}:instance-profile/${names.role}`;
}

// What a node's role may do, and which principal may be which node: pure documents for IAM, for the user, and for Terraform.
import { isDeepStrictEqual } from "node:util";

/** Name of the inline policy. */
export const POLICY_NAME = "eks-satellite-node";
/** The tag of roles that were created for a cluster's nodes; its value is the cluster's ARN. */
export const ROLE_TAG = "eks-satellite:cluster";

export interface NodeRole {
  readonly name: string;
  readonly partition: string;
  readonly account: string;
  readonly clusterArn: string;
  /** The principal that may assume it: the one whose keys the machine holds. */
  readonly trustedArn: string;
  /** The session names that the role allows, sorted: each is a node. */
  readonly nodeNames: readonly string[];
}

type Policy = Readonly<Record<string, unknown>>;

/** The session's name decides which node its bearer is, so the policy pins the names. */
export function trustPolicy({ trustedArn, nodeNames }: Pick<NodeRole, "trustedArn" | "nodeNames">): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: trustedArn },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "sts:RoleSessionName": nodeNames.length === 1 ? nodeNames[0] : nodeNames } },
      },
    ],
  };
}

/** A node asks AWS only for the cluster's endpoint and CA, and for images. */
export function permissionPolicy({ clusterArn }: Pick<NodeRole, "clusterArn">): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "eks:DescribeCluster", Resource: clusterArn },
      {
        Effect: "Allow",
        Action: [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetAuthorizationToken",
          "ecr:GetDownloadUrlForLayer",
        ],
        // EKS's own images are in AWS's accounts, one a region; each repository's own policy decides who may pull from it.
        Resource: "*",
      },
    ],
  };
}

export function roleArn({ partition, account, name }: Pick<NodeRole, "partition" | "account" | "name">): string {
  return `arn:${partition}:iam::${account}:role/${name}`;
}

/** The principal that a trust policy of ours names. */
export function trustedBy(policy: unknown): string | undefined {
  const [statement] = [(policy as { Statement?: unknown } | null)?.Statement].flat();
  const { Principal: principal } = (statement ?? {}) as { Principal?: { AWS?: unknown } };
  return typeof principal?.AWS === "string" ? principal.AWS : undefined;
}

/** The node names of a trust policy that eks-satellite wrote for the same principal; undefined for any other policy. */
export function pinnedNames(policy: unknown, trustedArn: string): readonly string[] | undefined {
  const [statement] = [(policy as { Statement?: unknown } | null)?.Statement].flat();
  const { Condition: condition } = (statement ?? {}) as { Condition?: { StringEquals?: Record<string, unknown> } };
  const names = [condition?.StringEquals?.["sts:RoleSessionName"]].flat();
  if (!names.every((name) => typeof name === "string")) return undefined;
  return isSamePolicy(policy, trustPolicy({ trustedArn, nodeNames: names })) ? names : undefined;
}

/** Whether two policies mean the same. IAM stores a list of one as a list or as its only member. */
export function isSamePolicy(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(normalise(one), normalise(other));
}

function normalise(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? normalise(value[0]) : value.map(normalise).toSorted(byText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normalise(inner)]));
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** Everything that has to be created, as one JSON document. */
export function renderRoleJson(role: NodeRole): string {
  const document = {
    role: {
      RoleName: role.name,
      Description: describeRole(role),
      AssumeRolePolicyDocument: trustPolicy(role),
      Tags: [{ Key: ROLE_TAG, Value: role.clusterArn }],
    },
    policy: { PolicyName: POLICY_NAME, PolicyDocument: permissionPolicy(role) },
    accessEntry: { clusterName: clusterNameOf(role), principalArn: roleArn(role), type: "HYBRID_LINUX" },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The same as Terraform; JSON objects are valid expressions of its language. */
export function renderRoleTerraform(role: NodeRole): string {
  const indent = (document: Policy) => renderHcl(document, 2).replaceAll("\n", "\n  ");
  const label = `node_${role.name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
  return `resource "aws_iam_role" "${label}" {
  name               = ${renderHcl(role.name)}
  description        = ${renderHcl(describeRole(role))}
  assume_role_policy = jsonencode(${indent(trustPolicy(role))})
  tags               = { ${renderHcl(ROLE_TAG)} = ${renderHcl(role.clusterArn)} }
}

resource "aws_iam_role_policy" "${label}" {
  name   = ${renderHcl(POLICY_NAME)}
  role   = aws_iam_role.${label}.name
  policy = jsonencode(${indent(permissionPolicy(role))})
}

# Where the cluster's authentication mode allows access entries (API, API_AND_CONFIG_MAP).
resource "aws_eks_access_entry" "${label}" {
  cluster_name  = ${renderHcl(clusterNameOf(role))}
  principal_arn = aws_iam_role.${label}.arn
  type          = "HYBRID_LINUX"
}
`;
}

/** JSON is HCL, except for the beginnings of its templates: an ARN's path may have any printable character. */
export function renderHcl(value: unknown, indent = 0): string {
  return JSON.stringify(value, undefined, indent).replaceAll(/[$%]\{/g, (beginning) => beginning.charAt(0) + beginning);
}

export function describeRole(role: Pick<NodeRole, "clusterArn">): string {
  return `Nodes of EKS cluster ${clusterNameOf(role)} outside AWS`;
}

function clusterNameOf({ clusterArn }: Pick<NodeRole, "clusterArn">): string {
  return clusterArn.split("cluster/")[1] ?? "";
}

// Which rights an administrator's commands need: the table behind docs/reference/iam-permissions.md. A node's own are in node-role-policy.ts.

interface Rights {
  /** The command, or the option of one. */
  readonly command: string;
  readonly when: string;
  /** Actions of AWS. */
  readonly actions: readonly string[];
  /** Rights in the cluster, in kubectl's words. */
  readonly kubernetes?: string;
}

export const ADMIN_RIGHTS: readonly Rights[] = [
  {
    command: "authorize, revoke",
    when: "always",
    actions: ["sts:GetCallerIdentity", "eks:DescribeCluster", "iam:GetRole"],
  },
  {
    command: "authorize",
    when: "the cluster allows access entries",
    actions: ["eks:ListAccessEntries", "eks:DescribeAccessEntry", "eks:CreateAccessEntry"],
  },
  {
    command: "authorize",
    when: "--create-role",
    actions: ["iam:CreateRole", "iam:TagRole", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
  },
  {
    command: "authorize",
    when: "the mapping is in aws-auth",
    actions: [],
    kubernetes: "get, patch and create configmaps in kube-system",
  },
  {
    command: "revoke",
    when: "the cluster allows access entries",
    actions: ["eks:ListAccessEntries", "eks:DescribeAccessEntry", "eks:DeleteAccessEntry"],
  },
  {
    command: "revoke",
    when: "the mapping is in aws-auth",
    actions: [],
    kubernetes: "get and patch configmaps in kube-system",
  },
  {
    command: "authorize, revoke",
    when: "--tunnel",
    actions: [],
    kubernetes: "get and patch configmaps in kube-system",
  },
  {
    command: "machine list",
    when: "--cluster",
    actions: ["sts:GetCallerIdentity", "eks:DescribeCluster"],
    kubernetes: "list nodes",
  },
  {
    command: "machine launch",
    when: "always; as authorize beside",
    actions: ["sts:GetCallerIdentity", "eks:DescribeCluster"],
    kubernetes: "get nodes: a Node of that name, and when it is Ready",
  },
  {
    command: "machine launch",
    when: "--ssm-activation",
    actions: ["ssm:CreateActivation", "ssm:AddTagsToResource", "iam:PassRole"],
  },
  {
    command: "machine launch",
    when: "a launch fails, and its role and access are undone",
    actions: ["iam:DeleteRolePolicy", "iam:DeleteRole", "eks:DeleteAccessEntry"],
  },
  {
    command: "machine terminate",
    when: "always",
    actions: ["sts:GetCallerIdentity", "eks:DescribeCluster"],
    kubernetes: "get, patch and delete nodes; get pods; create pods/eviction",
  },
  {
    command: "machine terminate",
    when: "--revoke; as revoke beside",
    actions: ["iam:GetRole", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole"],
  },
  {
    command: "eni create",
    when: "always",
    actions: [
      "sts:GetCallerIdentity",
      "ec2:DescribeSubnets",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeNetworkInterfaces",
      "ec2:CreateNetworkInterface",
      "ec2:CreateTags",
    ],
  },
  { command: "eni create", when: "--subnet or --security-group is missing", actions: ["eks:DescribeCluster"] },
  { command: "eni list", when: "always", actions: ["sts:GetCallerIdentity", "ec2:DescribeNetworkInterfaces"] },
  {
    command: "eni delete",
    when: "always",
    actions: ["sts:GetCallerIdentity", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"],
  },
  {
    command: "gateway create, gateway check, gateway delete",
    when: "always",
    actions: [
      "sts:GetCallerIdentity",
      "eks:DescribeCluster",
      "eks:DescribeAccessEntry",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:GetInstanceProfile",
      "ec2:DescribeVpcs",
      "ec2:DescribeSubnets",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSecurityGroupRules",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeAddresses",
      "ec2:DescribeInstances",
    ],
    kubernetes: "get roles, rolebindings, clusterroles, clusterrolebindings, and configmaps and leases in kube-system",
  },
  {
    command: "gateway create",
    when: "without --dry-run",
    actions: [
      "iam:CreateRole",
      "iam:TagRole",
      "iam:PutRolePolicy",
      "iam:CreateInstanceProfile",
      "iam:TagInstanceProfile",
      "iam:AddRoleToInstanceProfile",
      "iam:PassRole",
      "eks:CreateAccessEntry",
      "eks:UpdateClusterConfig",
      "eks:DescribeUpdate",
      "ssm:GetParameters",
      "ec2:CreateSecurityGroup",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:CreateTags",
      "ec2:CreateNetworkInterface",
      "ec2:ModifyNetworkInterfaceAttribute",
      "ec2:AllocateAddress",
      "ec2:AssociateAddress",
      "ec2:RunInstances",
      "ec2:StartInstances",
      "ec2:CreateRoute",
      "ec2:ReplaceRoute",
    ],
    kubernetes:
      "what the created roles grant, or escalate and bind; create and update of them; create and patch configmaps in kube-system",
  },
  {
    command: "gateway delete",
    when: "without --dry-run",
    actions: [
      "eks:UpdateClusterConfig",
      "eks:DescribeUpdate",
      "eks:DeleteAccessEntry",
      "ec2:RevokeSecurityGroupIngress",
      "ec2:DeleteRoute",
      "ec2:ReplaceRoute",
      "iam:PutRolePolicy",
      "ec2:TerminateInstances",
      "ec2:DisassociateAddress",
      "ec2:ReleaseAddress",
      "ec2:DeleteNetworkInterface",
      "ec2:DeleteSecurityGroup",
      "iam:RemoveRoleFromInstanceProfile",
      "iam:DeleteInstanceProfile",
      "iam:DeleteRolePolicy",
      "iam:DeleteRole",
    ],
    kubernetes:
      "delete roles, rolebindings, clusterroles, clusterrolebindings, and configmaps and leases in kube-system",
  },
  {
    command: "gateway list",
    when: "always",
    actions: [
      "sts:GetCallerIdentity",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSecurityGroupRules",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeAddresses",
      "ec2:DescribeInstances",
    ],
  },
  {
    command: "gateway check",
    when: "--node-name",
    actions: [],
    kubernetes: "get nodes, and get nodes/proxy",
  },
  {
    command: "verify",
    when: "always",
    actions: [],
    kubernetes:
      "get nodes, nodes/proxy and runtimeclasses; in the namespace get, list, create and delete pods and services, get pods/log, create pods/exec and pods/portforward; get service kubernetes in default; list pods in kube-system",
  },
  { command: "node-name", when: "--eni", actions: ["sts:GetCallerIdentity", "ec2:DescribeNetworkInterfaces"] },
  { command: "clusters list", when: "always", actions: ["eks:ListClusters", "eks:DescribeCluster"] },
  { command: "clusters show, clusters kubeconfig", when: "always", actions: ["eks:DescribeCluster"] },
  {
    command: "user-data",
    when: "--ssm-activation",
    actions: ["ssm:CreateActivation", "ssm:AddTagsToResource", "iam:PassRole"],
  },
];

/** What the source's own keys need on the machine, beside the role's policy; by the source and by what follows from it. */
export const SOURCE_RIGHTS: readonly { readonly source: string; readonly action?: string; readonly on: string }[] = [
  { source: "any, with `credentials.assumeRole`", action: "sts:AssumeRole", on: "the role" },
  { source: "keys of an IAM user, without it", action: "sts:GetSessionToken", on: "the user's own session" },
  {
    source: "`credentials.rolesAnywhere`",
    on: "the role's trust policy lets rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity",
  },
];

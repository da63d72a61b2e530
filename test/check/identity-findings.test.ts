// What check finds wrong between the machine, AWS and the cluster: the network, the keys, and the node's identity.
import { CORDON_ANNOTATION } from "../../agent/kubernetes/node-api.ts";
import { CONFIG_FILE, NODE } from "../fakes/check-machine.ts";
import { testFindings } from "../fakes/findings.ts";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
import { HELPER, installRolesAnywhere, ROLES_ANYWHERE } from "../fakes/roles-anywhere.ts";
import { FARGATE_CONFIG, FARGATE_NAME, MINIMAL_CONFIG } from "../fakes/samples.ts";

const CLUSTER = "cluster: { name: demo, region: us-west-2 }";
const ROLES_ANYWHERE_CONFIG = `${CLUSTER}\ncredentials: ${JSON.stringify({ rolesAnywhere: ROLES_ANYWHERE })}\n`;
const SSM_CONFIG = `${CLUSTER}\ncredentials: { profile: {} }\n`;

testFindings([
  ["dns", "no DNS", ({ host }) => host.names.clear(), "fail", /cannot be resolved/],
  [
    "sts",
    "a name that cannot be resolved",
    ({ host }) => void host.names.delete("sts.us-west-2.amazonaws.com"),
    "fail",
    /does not answer \(dns\).*name servers/,
  ],
  ["clock", "a clock that is 20 minutes ahead", ({ answers }) => (answers.skewMs = 1_200_000), "fail", /1200 s ahead/],
  ["clock", "a clock that is 2 minutes behind", ({ answers }) => (answers.skewMs = -120_000), "warn", /120 s behind/],
  [
    "config",
    "a misspelt key",
    ({ host }) => host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}kubelt: {}\n`),
    "fail",
    /kubelt/,
  ],
  ["credentials", "no keys", ({ host }) => host.files.drop("/etc/eks-satellite/aws-keys"), "fail", /aws-keys/],
  [
    "credentials",
    "long-lived keys",
    () => undefined,
    "warn",
    /IAM user \(…MPLE\).*keysFile .*credentials\.rolesAnywhere/,
  ],
  [
    "credentials",
    "a profile that denies its session",
    ({ host }) => {
      host.files.put(CONFIG_FILE, ROLES_ANYWHERE_CONFIG);
      installRolesAnywhere(host);
      host.install(HELPER, () => ({ exitCode: 1, stderr: "AccessDeniedException: no\n" }));
    },
    "fail",
    /--accept-role-session-name/,
  ],
  [
    "certificate",
    "a certificate that has ended",
    ({ host }) => {
      host.files.put(CONFIG_FILE, ROLES_ANYWHERE_CONFIG);
      installRolesAnywhere(host);
      host.clock.jump(Date.UTC(2027, 0, 1) - host.clock.now());
    },
    "fail",
    /node\.crt expired at 2027-01-01/,
  ],
  [
    "certificate",
    "a certificate that ends in three weeks",
    ({ host }) => {
      host.files.put(CONFIG_FILE, ROLES_ANYWHERE_CONFIG);
      installRolesAnywhere(host);
      host.clock.jump(Date.UTC(2026, 11, 11) - host.clock.now());
    },
    "warn",
    /CN=gpu-1 until 2027-01-01.*renewal is due.*node\.crt/,
  ],
  [
    "aws-identity",
    "a session that is named after a certificate",
    ({ host, aws }) => {
      host.files.put(CONFIG_FILE, ROLES_ANYWHERE_CONFIG);
      installRolesAnywhere(host);
      aws.callerArn = "arn:aws:sts::111122223333:assumed-role/satellite/5f3a91";
    },
    "warn",
    /5f3a91 is not named gpu-1 .*update-profile .*--profile-id p-1 --accept-role-session-name/,
  ],
  [
    "aws-identity",
    "a session that SSM named",
    ({ host, aws }) => {
      host.files.put(CONFIG_FILE, SSM_CONFIG);
      const keys = "aws_access_key_id = ASIA\naws_secret_access_key = s\naws_session_token = t\n";
      host.files.put("/root/.aws/credentials", `[default]\n${keys}`, { mode: 0o600 });
      aws.callerArn = "arn:aws:sts::111122223333:assumed-role/ssm/mi-0123456789abcdef0";
    },
    "warn",
    /Set node\.name: mi-0123456789abcdef0 \(SSM .*credentials\.assumeRole\.arn/,
  ],
  [
    "cluster-identity",
    "a session that names another node",
    ({ answers, aws }) => {
      aws.callerArn = "arn:aws:sts::111122223333:assumed-role/satellite/gpu-2";
      answers.user = { ...NODE, username: "system:node:gpu-2" };
    },
    "fail",
    /sees system:node:gpu-2 .*Set node\.name: gpu-2/,
  ],
  [
    "assume-role",
    "a role that may not be assumed",
    ({ aws }) => aws.fail(awsError("AccessDenied", 403), "assumeRole"),
    "fail",
    /trust policy/,
  ],
  [
    "aws-identity",
    "a denied GetCallerIdentity",
    ({ aws }) => aws.fail(awsError("AccessDenied", 403), "getCallerIdentity"),
    "unknown",
    /AccessDenied/,
  ],
  [
    "describe-cluster",
    "a denied DescribeCluster",
    ({ aws }) => aws.fail(awsError("AccessDeniedException", 403), "describeCluster"),
    "fail",
    /Allow eks:DescribeCluster/,
  ],
  ["describe-cluster", "no keys to ask with", ({ aws }) => aws.fail(connectionRefused()), "unknown", /assume-role/],
  [
    "cluster-identity",
    "an unmapped identity",
    ({ answers }) => (answers.review = 401),
    "fail",
    /eks-satellite authorize --cluster demo --region us-west-2 --role-arn arn:aws:iam::111122223333:role\/satellite --node-name gpu-1$/,
  ],
  [
    "cluster-identity",
    "an API server that is overloaded",
    ({ answers }) => (answers.review = 503),
    "unknown",
    /SelfSubjectReview does not say: the API server answered 503/,
  ],
  [
    "cluster-identity",
    "an unmapped IAM user",
    ({ host, aws, answers }) => {
      host.files.put(CONFIG_FILE, FARGATE_CONFIG);
      aws.callerArn = "arn:aws:iam::111122223333:user/gpu-1";
      answers.review = 401;
    },
    "fail",
    new RegExp(
      `authorize --cluster demo --region us-west-2 --user-arn arn:aws:iam::111122223333:user/gpu-1 --node-name ${FARGATE_NAME} --identity fargate. ` +
        `It adds to aws-auth's mapUsers: {userarn: "arn:aws:iam::111122223333:user/gpu-1", username: "system:node:${FARGATE_NAME}", groups: \\[system:bootstrappers, system:nodes\\]}`,
    ),
  ],
  [
    "assume-role",
    "a user who may have no session keys",
    ({ host, aws }) => {
      host.files.put(CONFIG_FILE, FARGATE_CONFIG);
      aws.fail(awsError("AccessDenied", 403), "getSessionToken");
    },
    "warn",
    /its long-lived keys sign kubelet's token.*service control policies/,
  ],
  [
    "cluster-identity",
    "another node's name",
    ({ answers }) => (answers.user = { ...NODE, username: "system:node:gpu-2" }),
    "fail",
    /sees system:node:gpu-2/,
  ],
  [
    "cluster-identity",
    "a missing group",
    ({ answers }) => (answers.user = { ...NODE, groups: [] }),
    "fail",
    /system:nodes/,
  ],
  ["node", "a Node that is gone", ({ answers }) => (answers.nodes = []), "fail", /there is no Node gpu-1/],
  [
    "node",
    "a Node that is not Ready",
    ({ answers }) =>
      (answers.nodes = [
        {
          spec: {},
          status: {
            conditions: [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown", message: "silent" }],
          },
        },
      ]),
    "fail",
    /is not Ready \(NodeStatusUnknown\): silent/,
  ],
  [
    "node",
    "a cordoned Node",
    ({ answers }) => (answers.nodes = answers.nodes.map((node) => ({ ...node, spec: { unschedulable: true } }))),
    "warn",
    /kubectl uncordon gpu-1/,
  ],
  [
    "node",
    "a Node that was cordoned for its GPUs",
    ({ answers }) =>
      (answers.nodes = answers.nodes.map((node) => ({
        ...node,
        metadata: { annotations: { [CORDON_ANNOTATION]: "0000:06:00.0" } },
        spec: { unschedulable: true },
      }))),
    "warn",
    /\(0000:06:00\.0\).*daemon uncordons it/,
  ],
  [
    "version-skew",
    "a kubelet that is too old",
    ({ host }) => host.install("/usr/bin/kubelet", () => ({ stdout: "Kubernetes v1.29.1" })),
    "fail",
    /1\.29\.1 does not fit/,
  ],
  ["daemon", "no daemon", ({ answers }) => (answers.daemon = false), "unknown", /systemctl status/],
]);

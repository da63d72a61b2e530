// The cluster's trust in AWS: the role is mapped to nodes, and a token of it is taken for a node's.
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import type { Addresses } from "./addresses.ts";
import { clean } from "./environment.ts";
import { runKubectl } from "./kubectl.ts";
import { inNamespace } from "./network.ts";
import type { Programs } from "./programs.ts";
import { clusterName, nodeName, region, roleArn, type SandboxFacts } from "./state.ts";
import { waitFor } from "./wait.ts";

/**
 * Maps the role to nodes in aws-auth, and waits until a token of the role is taken for a node's.
 * aws-iam-authenticator maps no identity after its own start until aws-auth changes, hence the annotation.
 */
export async function authorizeRole(folder: string, facts: SandboxFacts, addresses: Addresses, programs: Programs) {
  const kubectl = (args: readonly string[], input?: string) => runKubectl(folder, programs.kubernetes, args, input);
  await waitFor({ what: "a token of the role to be taken for a node's", deadlineMs: 60_000 }, async () => {
    const token = await mintToken(folder, facts, addresses, programs);
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
    const { stdout } = await kubectl(["create", "--filename=-", "--output=json"], JSON.stringify(review));
    if (JSON.parse(stdout).status.user?.username === `system:node:${nodeName}`) return true;
    await kubectl(["apply", "--filename=-"], renderAwsAuth(new Date()));
    return false;
  });
}

/** A bearer token as aws-iam-authenticator mints it, for the role in the node's name. */
export async function mintToken(folder: string, facts: SandboxFacts, addresses: Addresses, programs: Programs) {
  const authenticator = join(programs.awsTools, "aws-iam-authenticator");
  const role = ["--cluster-id", clusterName, "--role", roleArn, "--session-name", nodeName];
  const command = inNamespace(addresses.controlNamespace, [authenticator, "token", ...role, "--token-only"]);
  const [file, ...args] = command;
  const keys = { AWS_ACCESS_KEY_ID: facts.accessKeyId, AWS_SECRET_ACCESS_KEY: facts.secretAccessKey };
  const { stdout } = await execa(file, args, clean({ ...awsEnvironment(folder), ...keys }));
  return stdout.trim();
}

function renderAwsAuth(changedAt: Date): string {
  const role = {
    rolearn: roleArn,
    username: "system:node:{{SessionName}}",
    groups: ["system:bootstrappers", "system:nodes"],
  };
  return stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "aws-auth",
      namespace: "kube-system",
      annotations: { "eks-satellite/changed-at": changedAt.toISOString() },
    },
    data: { mapRoles: stringify([role]) },
  });
}

/** What a client of AWS needs on the control plane's side: the names lead to the sandbox, its CA vouches for them. */
export function awsEnvironment(folder: string): Record<string, string> {
  const ca = join(folder, "pki", "aws-ca.crt");
  return { AWS_REGION: region, AWS_EC2_METADATA_DISABLED: "true", AWS_CA_BUNDLE: ca, SSL_CERT_FILE: ca };
}

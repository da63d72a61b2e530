// docs/how-to/fargate-identity.md word for word: a network interface, an IAM user without a role, a node of the older kind. Who it is, the real aws-iam-authenticator decides.
import assert from "node:assert/strict";
import { chmod, copyFile, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { administratorArn, Laptop } from "../sandbox/administrator.ts";
import type { NodeObject } from "../sandbox/api.ts";
import { down } from "../sandbox/down.ts";
import { buildAgent, configPath, installAgent, sessionFiles } from "../sandbox/install-agent.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { accountId, cacheFolder, clusterName, region } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { renderWebDeployment, webName, webPort } from "../sandbox/workload.ts";
import { documentedBlocks } from "./documented-blocks.ts";
import { copyKubeProxy } from "./kube-proxy-copy.ts";
import { Satellite } from "./satellite.ts";
import { tokenSigner } from "./token-signer.ts";

const FOLDER = join(cacheFolder(), "fargate-sandbox");
const USER = `arn:aws:iam::${accountId}:user/satellite`;
const COMPUTE_TYPE = "eks.amazonaws.com/compute-type";

let sandbox: Sandbox;
let satellite: Satellite;
let laptop: Laptop;
/** Ids and names that the page's examples stand for. */
let ours: Record<string, string>;
let eni: { readonly id: string; readonly privateIp: string; readonly nodeName: string; readonly providerId: string };

before(async () => {
  await down(FOLDER);
  const dist = await buildAgent();
  ({ sandbox } = await up({ folder: FOLDER, agent: false, services: true }));
  await installAgent(sandbox, dist, { isStarted: false });
  const { stdout } = await sandbox.box(["cat", configPath]);
  satellite = new Satellite(sandbox, stdout);
  // What the sandbox's machine needs to run containers at all, and a daemon that looks at its configuration often; everything else is the documentation's.
  const { node, containerd } = parse(stdout);
  const particular = { node: { ip: node.ip }, containerd, intervals: { convergeSeconds: 2 } };
  await satellite.write(configPath, stringify(particular));
  // The administrator is let in already; the machine's user is not.
  const administrator = { userarn: administratorArn, username: "administrator", groups: ["system:masters"] };
  const metadata = { name: "aws-auth", namespace: "kube-system" };
  const awsAuth = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { mapUsers: stringify([administrator]) } };
  await sandbox.kubectl(["replace", "--filename=-"], stringify(awsAuth));
  laptop = await Laptop.open(sandbox);
  const network = JSON.parse(await readFile(join(FOLDER, "aws", "network.json"), "utf8"));
  ours = {
    "my-cluster": clusterName,
    "subnet-0123456789abcdef0": network.subnet,
    "sg-0123456789abcdef0": network.securityGroup,
    "arn:aws:iam::111122223333:user/gpu-machines": USER,
  };
});
after(async () => {
  await laptop?.close();
  await down(FOLDER);
});

const walkthrough = () => documentedBlocks("fargate", ours);
const kubeProxyCopy = () => documentedBlocks("kubeProxyCopy", { "my-cluster": clusterName })[0] ?? "";

/** What an administrator's line prints. @throws when it does not exit with 0 */
async function operate(line: string, typed?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await laptop.run(line, typed === undefined ? {} : { typed });
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout;
}

function assertFargate(node: NodeObject, providerId = eni.providerId): void {
  assert.equal(node.metadata.labels?.[COMPUTE_TYPE], "fargate");
  assert.equal(node.spec?.providerID, providerId);
  assert.equal(node.metadata.labels?.["kubernetes.io/hostname"], node.metadata.name);
}

/** Whom the API server takes kubelet's token for, asking aws-iam-authenticator. */
async function tokenUser(): Promise<string | undefined> {
  const token = await satellite.read("/run/eks-satellite/kubelet-token");
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
  return JSON.parse(await sandbox.kubectl(["create", "--filename=-", "--output=json"], JSON.stringify(review))).status
    .user?.username;
}

async function finding(name: string): Promise<{ outcome: string; evidence: string; remedy?: string }> {
  const { stdout } = await sandbox.box(["eks-satellite", "check", "--only", name, "--output", "json"], {
    mayFail: true,
  });
  return JSON.parse(stdout).checks[0];
}

test("kubectl reaches the cluster with tokens of the administrator's AWS keys, by a kubeconfig that is merged, and without the AWS CLI", async () => {
  assert.match(
    await operate(`eks-satellite clusters list --region ${region}`),
    new RegExp(`^${clusterName} +${region} `, "m"),
  );
  assert.match(
    await operate(`eks-satellite clusters show ${clusterName} --region ${region}`),
    /^endpoint access +public$/m,
  );
  const kubectl = join(laptop.home, "bin/kubectl");
  await copyFile(join(sandbox.programs.kubernetes, "kubectl"), kubectl);
  await chmod(kubectl, 0o755);
  await operate("kubectl config set-context theirs --namespace team");
  await operate(`eks-satellite clusters kubeconfig ${clusterName} --region ${region}`);
  assert.equal((await stat(join(laptop.home, ".kube/config"))).mode & 0o777, 0o600);
  assert.match(await operate("kubectl config get-contexts --output name"), /^arn:aws:eks:.*\ntheirs$/m);
  assert.equal(
    (await operate("kubectl auth whoami --output jsonpath={.status.userInfo.username}")).trim(),
    "administrator",
  );
  await operate("kubectl get namespaces");
  const { accessKeyId, secretAccessKey } = sandbox.facts;
  const foreign = await laptop.run("kubectl get namespaces", { keys: { accessKeyId, secretAccessKey } });
  assert.notEqual(foreign.exitCode, 0);
  assert.match(foreign.stderr, /You must be logged in to the server|Unauthorized/);
});

test("an interface without a subnet or a group is not made: both are listed to choose from", async () => {
  const line = `eks-satellite eni create --cluster ${clusterName} --region ${region}`;
  const subnet = ours["subnet-0123456789abcdef0"] ?? "";
  for (const [more, listed] of [
    ["", subnet],
    [` --subnet ${subnet}`, ours["sg-0123456789abcdef0"] ?? ""],
  ] as const) {
    const { exitCode, stderr } = await laptop.run(line + more);
    assert.equal(exitCode, 1);
    assert.ok(stderr.includes(listed), stderr);
  }
});

test("the page: a network interface gives a node its name; the same name makes none twice", async () => {
  const [create = ""] = walkthrough();
  assert.match(
    await operate(create, "y\n"),
    /free addresses\) with sg-[\s\S]*Create it\? [\s\S]*\nENI ID +NAME[\s\S]*\nnode name {3}fargate-ip-/,
  );
  const listed = JSON.parse(await operate(`eks-satellite eni list --region ${region} --output json`));
  [eni] = listed.networkInterfaces;
  assert.equal(listed.networkInterfaces.length, 1, "somebody else's is not shown");
  assert.equal(eni.nodeName, `fargate-ip-${eni.privateIp.replaceAll(".", "-")}.ec2.internal`);
  assert.match(await operate(create), new RegExp(`${eni.id} has the name gpu-1 already: nothing to do`));
  assert.equal(await operate(`eks-satellite node-name --region ${region} --eni ${eni.id}`), eni.nodeName);
  ours = { ...ours, "fargate-ip-10-0-1-17.ec2.internal": eni.nodeName, "eni-0123456789abcdef0": eni.id };
});

test("the page: the user is let in, the machine joins as that node, and a pod answers", async () => {
  const [, authorize = "", configure = ""] = walkthrough();
  assert.match(await operate(authorize, "y\n"), new RegExp(`${USER} may be a node of ${clusterName} now`));
  await satellite.box("/bin/sh", "-ec", configure);
  assertFargate(await sandbox.waitForNode(undefined, 60_000, eni.nodeName));
  assert.equal(await tokenUser(), `system:node:${eni.nodeName}`);
  assert.match((await tokenSigner(satellite)) ?? "", /^ASIA/, "session keys, while the user gets them");
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, "--timeout=60s"]);
  const page = await fetch(`http://${sandbox.addresses.node}:${webPort}/`);
  assert.equal((await page.text()).trim(), "hello from the satellite");
  const { node } = (await satellite.status()) as unknown as { node: Record<string, string> };
  assert.deepEqual(
    [node.name, node.identity, node.providerId],
    [eni.nodeName, "fargate", `eks-satellite:///${region}/${clusterName}/${eni.id}`],
  );
  assert.deepEqual(await finding("cluster-identity"), {
    ...{ name: "cluster-identity", group: "identity", outcome: "ok" },
    evidence: `system:node:${eni.nodeName} in system:nodes`,
  });
  assert.equal((await finding("credentials")).outcome, "warn", "long-lived keys are on this machine");
});

test("the page on Services: EKS's kube-proxy stays away, its copy comes, and follows an update of the add-on when the command is run again", () =>
  copyKubeProxy({ copy: kubeProxyCopy(), sandbox, satellite, operate, finding }));

test("a Node that somebody deletes is back within 30 s with its labels and providerID", async () => {
  const { uid } = (await sandbox.node(eni.nodeName)).metadata;
  await sandbox.kubectl(["delete", "node", eni.nodeName, "--wait=false"]);
  const back = await sandbox.waitForNode((seen) => seen.metadata.uid !== uid, 30_000, eni.nodeName);
  assertFargate(back);
});

test("where session keys are denied the user's own sign the token, are written nowhere, and that is told", async () => {
  await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: ["sts:GetSessionToken"] }));
  await satellite.systemctl("stop");
  await satellite.box("rm", "-f", ...sessionFiles, "/run/eks-satellite/kubelet-token");
  await satellite.systemctl("start");
  const told = await satellite.untilReason("CredentialsRenewed", "LongLivedKeys", 30_000);
  assert.equal(told.status, "True");
  assert.match(told.hint ?? "", /sts:GetSessionToken/);
  assert.equal(await tokenSigner(satellite), sandbox.facts.accessKeyId);
  assert.equal(await tokenUser(), `system:node:${eni.nodeName}`);
  const { secretAccessKey } = sandbox.facts;
  const holders = await satellite.box(
    "grep",
    "-rlF",
    secretAccessKey,
    "/etc/eks-satellite",
    "/run/eks-satellite",
    "/var/lib/eks-satellite",
  );
  assert.equal(holders, "/etc/eks-satellite/credentials");
  assert.match((await finding("assume-role")).evidence, /^sts:GetSessionToken is denied/);
  await sandbox.clearAwsFaults();
});

test("the page: revoked, the machine is known no more, and check prints the very entry that it lacks", async () => {
  const lines = walkthrough()[3] ?? "";
  const revoke = lines.slice(0, lines.indexOf("eks-satellite eni"));
  await operate(revoke, "y\n");
  await waitFor({ what: "the token to be nobody's", deadlineMs: 30_000, intervalMs: 500 }, async () => {
    return (await tokenUser()) === undefined;
  });
  const { outcome, remedy } = await finding("cluster-identity");
  assert.equal(outcome, "fail");
  assert.ok(
    remedy?.includes(
      `{userarn: "${USER}", username: "system:node:${eni.nodeName}", groups: [system:bootstrappers, system:nodes]}`,
    ),
    remedy,
  );
});

test("the other suffix of us-east-1 is as good a name", async () => {
  const shared = `--region ${region} --suffix regional`;
  const name = await operate(`eks-satellite node-name ${shared} --eni ${eni.id}`);
  assert.match(name, /^fargate-ip-[\d-]+\.us-east-1\.compute\.internal$/);
  const where = `--cluster ${clusterName} --region ${region}`;
  await operate(
    `eks-satellite authorize ${where} --identity fargate --user-arn ${USER} --node-name ${name} --yes --backup-folder ${laptop.home}/other`,
  );
  await satellite.box("eks-satellite", "configure", "--node-name", name);
  assertFargate(await sandbox.waitForNode(undefined, 60_000, name));
});

test("the page: what is ours is deleted, and nobody else's", async () => {
  const lines = walkthrough()[3] ?? "";
  const remove = lines.slice(lines.indexOf("eks-satellite eni"));
  await operate(remove, "y\n");
  assert.match(await operate(`eks-satellite eni list --region ${region}`), /^no network interface/);
  const gone = await laptop.run(`${remove} --yes`);
  assert.deepEqual([gone.exitCode, /code=eni-not-found/.test(gone.stderr)], [1, true], gone.stderr);
  await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: ["ec2:CreateNetworkInterface"] }));
  const [create = ""] = walkthrough();
  const denied = await laptop.run(`${create} --yes`);
  await sandbox.clearAwsFaults();
  assert.equal(denied.exitCode, 1);
  assert.match(denied.stderr, /ec2:CreateNetworkInterface on .* was denied.* → Allow ec2:CreateNetworkInterface on /);
  const nowhere = create.replace(/subnet-\w+/, "subnet-00000000");
  assert.match((await laptop.run(`${nowhere} --yes`)).stderr, /there is no subnet subnet-00000000 in us-east-1/);
});

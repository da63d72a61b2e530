// docs/how-to/let-machines-in.md word for word: an administrator lets a machine in, it joins; who may be whom is decided by the real aws-iam-authenticator.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { administratorArn, Laptop } from "../sandbox/administrator.ts";
import { mintToken } from "../sandbox/authentication.ts";
import { down } from "../sandbox/down.ts";
import { buildAgent, configPath, installAgent } from "../sandbox/install-agent.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { accountId, cacheFolder, clusterName, nodeName, region, roleArn } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { renderWebDeployment, webName, webPort } from "../sandbox/workload.ts";
import { documentedBlocks } from "./documented-blocks.ts";
import { Satellite } from "./satellite.ts";

const FOLDER = join(cacheFolder(), "authorize-sandbox");
const NODE_ROLE = `arn:aws:iam::${accountId}:role/eks-satellite-${nodeName}`;
const CLUSTER = `--cluster ${clusterName} --region ${region}`;

/** What the team has, before any of it: the administrator, and a role of other nodes. */
const TEAM_ROLES = `# Other nodes. Do not touch!
- rolearn: ${roleArn}
  username: "system:node:{{SessionName}}"   # EKS fills it in
  groups: [ system:bootstrappers, system:nodes ]
`;
const TEAM_USERS = `# The one who knows\n- {userarn: "${administratorArn}", username: administrator, groups: [system:masters]}\n`;

let sandbox: Sandbox;
let satellite: Satellite;
let laptop: Laptop;
before(async () => {
  await down(FOLDER);
  const dist = await buildAgent();
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  await installAgent(sandbox, dist, { isStarted: false });
  const { stdout } = await sandbox.box(["cat", configPath]);
  satellite = new Satellite(sandbox, stdout);
  // What the sandbox's machine needs to run containers at all, and a daemon that looks at its configuration often; everything else is the documentation's.
  const { node, containerd } = parse(stdout);
  await satellite.write(
    configPath,
    stringify({ node: { ip: node.ip }, containerd, intervals: { convergeSeconds: 2 } }),
  );
  const metadata = { name: "aws-auth", namespace: "kube-system" };
  const data = { mapRoles: TEAM_ROLES, mapUsers: TEAM_USERS };
  const team = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
  await sandbox.kubectl(["replace", "--filename=-"], stringify(team));
  laptop = await Laptop.open(sandbox);
});
after(async () => {
  await laptop?.close();
  await down(FOLDER);
});

/** The blocks of the page, with the sandbox's names in place of the examples'. */
const walkthrough = () =>
  documentedBlocks("letIn", {
    "user/gpu-machines": "user/satellite",
    "111122223333": accountId,
    "my-cluster": clusterName,
    "gpu-1": nodeName,
  });

const awsAuth = async (): Promise<Record<string, string>> =>
  JSON.parse(await sandbox.kubectl(["get", "configmap", "aws-auth", "--namespace=kube-system", "--output=json"])).data;

/** Whom the API server takes a token for, asking aws-iam-authenticator; undefined when for nobody. */
async function userOf(token: string): Promise<string | undefined> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
  return JSON.parse(await sandbox.kubectl(["create", "--filename=-", "--output=json"], JSON.stringify(review))).status
    .user?.username;
}

const nodeToken = () => satellite.read("/run/eks-satellite/kubelet-token");
const untilUser = (token: () => Promise<string>, user: string | undefined) =>
  waitFor(
    { what: `the token to be ${user}'s`, deadlineMs: 30_000, intervalMs: 500 },
    async () => (await userOf(await token())) === user,
  );

test("docs/how-to/let-machines-in.md: from nothing to an answering pod", async () => {
  const [authorize = "", configure = ""] = walkthrough();
  const first = await laptop.run(authorize, { typed: "y\n" });
  assert.equal(first.exitCode, 0, first.stdout + first.stderr);
  assert.match(first.stdout, new RegExp(`authentication mode API_AND_CONFIG_MAP, as ${administratorArn}`));
  assert.match(first.stdout, /^\+ +"sts:RoleSessionName": "satellite-1"$/m);
  assert.match(first.stdout, new RegExp(`^✓ create access entry of ${NODE_ROLE}$`, "m"));
  const second = await laptop.run(authorize);
  assert.equal(second.exitCode, 0, second.stdout + second.stderr);
  assert.match(second.stdout, /^nothing to do/m);

  await satellite.box("/bin/sh", "-ec", configure);
  await sandbox.waitForNode();
  assert.equal(await userOf(await nodeToken()), `system:node:${nodeName}`);
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, "--timeout=60s"]);
  const page = await fetch(`http://${sandbox.addresses.node}:${webPort}/`);
  assert.equal((await page.text()).trim(), "hello from the satellite");
  assert.deepEqual(
    await awsAuth(),
    { mapRoles: TEAM_ROLES, mapUsers: TEAM_USERS },
    "an access entry needs no aws-auth",
  );
});

test("this machine in another node's name is turned away by the role's trust policy, and says what to do", async () => {
  await satellite.box("eks-satellite", "configure", "--node-name", "satellite-2");
  // It stays who it was, while the other name is tried.
  const refused = await satellite.untilReason("ConfigValid", "ConfigTrialFailed", 90_000);
  assert.match(refused.message, /sts:AssumeRole/);
  assert.match(refused.hint ?? "", new RegExp(`trust policy of ${NODE_ROLE} .*sts:RoleSessionName satellite-2`));
  await satellite.box("eks-satellite", "configure", "--node-name", nodeName);
  await satellite.untilReason("ConfigValid", "Valid");
  assert.equal((await satellite.condition("CredentialsRenewed")).status, "True");
});

test("revoked, the machine is known no more, and says so; everybody else stays", async () => {
  const revoke = walkthrough()[2] ?? "";
  assert.equal((await laptop.run(revoke)).exitCode, 2, "with nobody to ask it changes nothing");
  assert.equal((await laptop.run(revoke, { typed: "\u0004" })).exitCode, 2, "Ctrl-D is a no");
  const { exitCode, stdout, stderr } = await laptop.run(revoke, { typed: "yes\n" });
  assert.equal(exitCode, 0, stdout + stderr);
  await untilUser(nodeToken, undefined);
  const others = () => mintToken(FOLDER, sandbox.facts, sandbox.addresses, sandbox.programs);
  assert.equal(await userOf(await others()), `system:node:${nodeName}`, "a session of the team's own role");
  const unknown = await satellite.untilReason("IdentityAccepted", "ApiUnauthorized", 60_000);
  assert.match(unknown.hint ?? "", /HYBRID_LINUX/);
});

test("through aws-auth the real authenticator lets it in as well, and out again; the team's text is what it was, byte for byte", async () => {
  const role = `${CLUSTER} --role-arn ${NODE_ROLE}`;
  const { exitCode, stdout, stderr } = await laptop.run(`eks-satellite authorize ${role} --method aws-auth --yes`);
  assert.equal(exitCode, 0, stdout + stderr);
  const { mapRoles = "" } = await awsAuth();
  assert.ok(mapRoles.startsWith(TEAM_ROLES) && mapRoles.includes(NODE_ROLE), mapRoles);
  await untilUser(nodeToken, `system:node:${nodeName}`);
  const [backup = ""] = (await readdir(laptop.home)).filter((name) => name.startsWith("aws-auth-"));
  const file = join(laptop.home, backup);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(parse(await readFile(file, "utf8")).data, { mapRoles: TEAM_ROLES, mapUsers: TEAM_USERS });

  const back = await laptop.run(`eks-satellite revoke ${role} --yes`);
  assert.equal(back.exitCode, 0, back.stdout + back.stderr);
  assert.deepEqual(await awsAuth(), { mapRoles: TEAM_ROLES, mapUsers: TEAM_USERS });
  await untilUser(nodeToken, undefined);
});

test("by a kubeconfig of the user aws-auth is changed with its credentials, at its API server", async () => {
  const file = await laptop.kubeconfig();
  const role = `${CLUSTER} --role-arn ${NODE_ROLE} --method aws-auth --yes --kubeconfig ${file}`;
  const { exitCode, stdout, stderr } = await laptop.run(`eks-satellite authorize ${role}`);
  assert.equal(exitCode, 0, stdout + stderr);
  assert.match(
    stdout,
    new RegExp(`! aws-auth is read and changed at https://${sandbox.addresses.api}, as ${file} says`),
  );
  const { mapRoles = "" } = await awsAuth();
  assert.ok(mapRoles.startsWith(TEAM_ROLES) && mapRoles.includes(NODE_ROLE), mapRoles);
  const missing = await laptop.run(`eks-satellite revoke ${role} --context elsewhere`);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /context elsewhere cannot be used.* code=kubeconfig-unusable/);
  const back = await laptop.run(`eks-satellite revoke ${role} --context ${clusterName}`);
  assert.equal(back.exitCode, 0, back.stdout + back.stderr);
  assert.deepEqual(await awsAuth(), { mapRoles: TEAM_ROLES, mapUsers: TEAM_USERS });
});

test("four administrators at once: every edit is kept", async () => {
  const names = ["a", "b", "c", "d"];
  const outcomes = await Promise.all(
    names.map((name) =>
      laptop.run(
        `eks-satellite authorize ${CLUSTER} --user-arn arn:aws:iam::${accountId}:user/gpu-${name} --node-name gpu-${name} --yes --backup-folder ${laptop.home}/${name}`,
      ),
    ),
  );
  for (const { exitCode, stdout, stderr } of outcomes) assert.equal(exitCode, 0, stdout + stderr);
  const { mapUsers = "", mapRoles } = await awsAuth();
  assert.ok(mapUsers.startsWith(TEAM_USERS));
  assert.deepEqual(
    parse(mapUsers)
      .map(({ username }: { username: string }) => username)
      .toSorted(),
    ["administrator", ...names.map((name) => `system:node:gpu-${name}`)],
  );
  assert.equal(mapRoles, TEAM_ROLES);
});

test("who may not is told which action on what, and the administrator cannot shut the door behind themselves", async () => {
  await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: ["eks:CreateAccessEntry"] }));
  const denied = await laptop.run(`eks-satellite authorize ${CLUSTER} --role-arn ${NODE_ROLE} --yes`);
  await sandbox.clearAwsFaults();
  assert.equal(denied.exitCode, 1);
  assert.match(
    denied.stderr,
    new RegExp(
      `eks:CreateAccessEntry on arn:aws:eks:${region}:${accountId}:cluster/${clusterName} was denied.* → Allow eks:CreateAccessEntry on .* to ${administratorArn}`,
    ),
  );
  const { accessKeyId, secretAccessKey } = sandbox.facts;
  const foreign = await laptop.run(
    `eks-satellite authorize ${CLUSTER} --role-arn ${NODE_ROLE} --method aws-auth --yes`,
    {
      keys: { accessKeyId, secretAccessKey },
    },
  );
  assert.equal(foreign.exitCode, 1);
  assert.match(
    foreign.stderr,
    new RegExp(`cluster ${clusterName} does not know arn:aws:iam::${accountId}:user/satellite`),
  );
  for (const verb of ["authorize", "revoke"]) {
    const own = await laptop.run(
      `eks-satellite ${verb} ${CLUSTER} --user-arn ${administratorArn} --node-name ${nodeName} --yes`,
    );
    assert.equal(own.exitCode, 1);
    assert.match(own.stderr, /would change your own access.* code=own-access/);
  }
  assert.match((await awsAuth()).mapUsers ?? "", /system:masters/);
});

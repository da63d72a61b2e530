// An administrator's gateway commands against AWS and the API server of a sandbox in a VPC: made, broken off, undone by hand, removed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Laptop } from "../../sandbox/administrator.ts";
import { down } from "../../sandbox/down.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { cacheFolder, clusterName } from "../../sandbox/state.ts";
import { up } from "../../sandbox/up.ts";
import { awsClients } from "../../sandbox/vpc/aws-clients.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { claimSandbox } from "../pool.ts";
import { type AccountPicture, AwsAccount } from "./aws-account.ts";
import { CLUSTER, letAdministratorIn } from "./connected.ts";

/** Nothing is downloaded before an instance runs it, and here none has to serve. */
const PACKAGE = `--package-url http://127.0.0.1/eks-satellite.deb --package-sha256 ${"0".repeat(64)}`;
const CREATE = `eks-satellite gateway create ${CLUSTER} ${PACKAGE} --yes`;

let sandbox: Sandbox;
let laptop: Laptop;
let account: AwsAccount;
let untouched: AccountPicture;
before(async () => {
  const folder = join(cacheFolder(), await claimSandbox("vpc"));
  await down(folder);
  ({ sandbox } = await up({ folder, network: "vpc", agent: false }));
  laptop = await Laptop.open(sandbox);
  await letAdministratorIn(sandbox, laptop);
  account = await AwsAccount.open(await awsClients(sandbox));
  untouched = await picture();
});
after(async () => {
  await laptop?.close();
  if (sandbox !== undefined) await down(sandbox.folder);
});

/** Everything that a gateway's making touches, in AWS and in the cluster. */
async function picture(): Promise<AccountPicture> {
  const entries = JSON.parse(await readFile(join(sandbox.folder, "aws", "access-entries.json"), "utf8")).mapRoles;
  const kinds = "roles,rolebindings,clusterroles,clusterrolebindings,configmaps";
  const objects = await sandbox.kubectl(["get", kinds, "--all-namespaces", "--output=name"]);
  // Controllers make these in their own time.
  const ours = objects.split("\n").filter((name) => !/kube-root-ca|legacy-service-account/.test(name));
  return { ...(await account.picture()), entries, objects: ours.toSorted() };
}

async function run(line: string, exitCode = 0): Promise<string> {
  const outcome = await laptop.run(line);
  assert.equal(outcome.exitCode, exitCode, outcome.stdout + outcome.stderr);
  return outcome.stdout + outcome.stderr;
}

async function findings(): Promise<readonly string[]> {
  const { stdout } = await laptop.run(`eks-satellite gateway check ${CLUSTER} --output json`);
  return JSON.parse(stdout).findings.map(({ code }: { code: string }) => code);
}

test("--dry-run shows it all and changes nothing", async () => {
  const said = await run(`eks-satellite gateway create ${CLUSTER} ${PACKAGE} --dry-run`);
  for (const piece of ["security group", "Elastic IP", "instance", "route to", "remote networks", "clusterrole"])
    assert.match(said, new RegExp(`^\\+\\+\\+ ${piece}`, "m"));
  assert.deepEqual(await picture(), untouched);
});

test("the plan as Terraform has every piece too", async () => {
  const text = await run(`eks-satellite gateway create ${CLUSTER} ${PACKAGE} --print terraform`);
  for (const type of ["aws_instance", "aws_route", "aws_eip", "kubernetes_manifest"])
    assert.match(text, new RegExp(`^resource "${type}"`, "m"));
  assert.deepEqual(await picture(), untouched);
});

/** In the order in which they are asked for: each ends a run, and the next run goes on from there. */
const STEPS = [
  "iam:CreateRole",
  "iam:PutRolePolicy",
  "iam:CreateInstanceProfile",
  "iam:AddRoleToInstanceProfile",
  "eks:CreateAccessEntry",
  "ec2:CreateSecurityGroup",
  "ec2:AuthorizeSecurityGroupIngress",
  "ec2:AuthorizeSecurityGroupEgress",
  "ec2:RevokeSecurityGroupEgress",
  "ec2:CreateNetworkInterface",
  "ec2:ModifyNetworkInterfaceAttribute",
  "ec2:AllocateAddress",
  "ec2:AssociateAddress",
  "ec2:RunInstances",
  "ec2:CreateRoute",
  "eks:UpdateClusterConfig",
];

test("broken off at each step and run again it makes each piece once; then there is nothing to do", async () => {
  for (const denied of STEPS) {
    await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: [denied] }));
    const { exitCode, stdout, stderr } = await laptop.run(CREATE);
    assert.equal(exitCode, 1, `${denied}: ${stdout}`);
    assert.match(stderr, new RegExp(`Allow ${denied}.* code=aws-forbidden`), denied);
  }
  await sandbox.clearAwsFaults();
  await run(CREATE);
  const own = await account.ownPieces(clusterName);
  assert.deepEqual(own, { groups: 1, interfaces: 1, addresses: 1, instances: 1 });
  assert.match(await run(CREATE), /^nothing to do/m);
  assert.deepEqual(await findings(), ["gateway-silent"], "its instance serves nothing here");
  const { remoteNetworks } = await account.picture();
  for (const network of untouched.remoteNetworks.nodes)
    assert.ok(remoteNetworks.nodes.includes(network), "those of others are kept");
  assert.match(
    await run(`eks-satellite gateway list ${CLUSTER}`),
    /^gateway-1 +i-[0-9a-f]+ +(?:running|pending) +t4g\.small/m,
  );
});

test("each piece that is undone by hand is named by check, and made again by create", async () => {
  for (const [what, code] of await account.undoable(clusterName)) {
    await what.undo();
    const found = await findings();
    assert.ok(found.includes(code), `${what.name}: ${found.join(", ")}`);
    await run(CREATE);
    // An instance that is new takes its interface while it boots.
    let left: readonly string[] = [];
    const wait = { what: `${what.name} to be whole again`, deadlineMs: 30_000, explain: () => left.join(", ") };
    await waitFor({ ...wait, intervalMs: 500 }, async () => {
      left = await findings();
      return left.join() === "gateway-silent";
    });
  }
});

test("what is undone in the cluster is named too", async () => {
  for (const [object, code] of [
    ["clusterrolebinding/eks-satellite-gateway", "rbac-missing"],
    ["--namespace=kube-system role/eks-satellite-tunnel-reader", "rbac-missing"],
    ["--namespace=kube-system configmap/eks-satellite-network", "network-entry-missing"],
    ["--namespace=kube-system configmap/eks-satellite-gateways", "gateways-map-missing"],
  ] as const) {
    await sandbox.kubectl(["delete", ...object.split(" ")]);
    assert.ok((await findings()).includes(code), object);
    await run(CREATE);
    assert.ok(!(await findings()).includes(code), object);
  }
});

test("administrators at once give each node an address of its own; revoke frees one", async () => {
  const names = ["gpu-1", "gpu-2", "gpu-3", "gpu-4"];
  const outcomes = await Promise.all(
    names.map((name) => laptop.run(`eks-satellite authorize ${CLUSTER} --node-name ${name} --tunnel --yes`)),
  );
  for (const { exitCode, stdout, stderr } of outcomes) assert.equal(exitCode, 0, stdout + stderr);
  const addresses = async () => {
    const map = ["get", "configmap", "eks-satellite-network", "--namespace=kube-system", "--output=json"];
    const { _network, ...nodes } = JSON.parse(await sandbox.kubectl(map)).data as Record<string, string>;
    return Object.values(nodes).map((text) => JSON.parse(text).address);
  };
  assert.equal(new Set(await addresses()).size, names.length);
  const refused = await laptop.run(`eks-satellite gateway delete ${CLUSTER} --yes`);
  assert.match(refused.stderr, /gpu-1, gpu-2, gpu-3, gpu-4.* code=nodes-have-addresses/);
  for (const name of names) await run(`eks-satellite revoke ${CLUSTER} --node-name ${name} --tunnel --yes`);
  assert.deepEqual(await addresses(), []);
});

test("delete, broken off and run again, leaves AWS and the cluster as they were", async () => {
  const remove = `eks-satellite gateway delete ${CLUSTER} --yes`;
  for (const denied of ["ec2:DeleteRoute", "ec2:TerminateInstances", "ec2:DeleteSecurityGroup", "iam:DeleteRole"]) {
    await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: [denied] }));
    assert.equal((await laptop.run(remove)).exitCode, 1, denied);
  }
  await sandbox.clearAwsFaults();
  await run(remove);
  assert.deepEqual(await picture(), untouched);
  assert.match(await run(remove), /^nothing to do/m);
});

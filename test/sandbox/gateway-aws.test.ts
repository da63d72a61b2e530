// Every call of a gateway's making against the sandbox's AWS alone: what it answers, and what it refuses as EC2 does.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DescribeClusterCommand } from "@aws-sdk/client-eks";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  GetInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { createEc2Changes } from "../../agent/host/gateway-aws/ec2-changes.ts";
import { createReads } from "../../agent/host/gateway-aws/ec2-reads.ts";
import { addressesOf } from "./addresses.ts";
import { awsProgram, ensurePython, renderAccount } from "./aws.ts";
import { ensureCertificates } from "./certificates.ts";
import { ensurePackages } from "./debian.ts";
import { cleanEnvironment } from "./environment.ts";
import { hostArch } from "./processor.ts";
import { clusterName, defaultKubernetes, newFacts } from "./state.ts";
import { Progress } from "./step.ts";
import { awsClients } from "./vpc/aws-clients.ts";
import { waitFor } from "./wait.ts";

const skip =
  process.getuid?.() === 0 ? false : "AWS listens on port 443, and making its Python environment may need apt";
/** On the loopback interface: no namespace is needed. */
const ADDRESS = "127.213.99.3";
const TAGS = { "eks-satellite:cluster": clusterName, "eks-satellite:gateway": "main" };
const NODES = "10.250.0.0/24";

const facts = newFacts(99, {
  ...{ kubernetes: defaultKubernetes, containerd: "debian", machine: "nspawn", debian: "bookworm", network: "vpc" },
  arch: hostArch,
  lambda: false,
  docker: false,
});
const addresses = { ...addressesOf(99, "vpc"), aws: ADDRESS };
let folder: string;
let server: ChildProcess;
let aws: Awaited<ReturnType<typeof awsClients>>;
let ec2: ReturnType<typeof createEc2Changes> & ReturnType<typeof createReads>;
let vpc: string;

const listens = () =>
  new Promise<boolean>((resolve) => {
    const socket = connect(443, ADDRESS, () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

before(async () => {
  if (skip) return;
  const progress = new Progress();
  await ensurePackages(progress);
  const python = await ensurePython(progress);
  folder = await mkdtemp(join(tmpdir(), "eks-satellite-aws-"));
  await ensureCertificates(folder, addresses, facts.clusterId);
  const home = join(folder, "aws");
  await mkdir(home);
  for (const file of ["aws.crt", "aws.key"]) await copyFile(join(folder, "pki", file), join(home, file));
  // Without a runner: its instances run at once.
  const { hypervisor: _, ...account } = JSON.parse(await renderAccount(folder, facts, addresses));
  await writeFile(join(home, "account.json"), JSON.stringify(account));
  server = spawn(python, ["-B", join(awsProgram, "server.py"), ADDRESS, home], {
    ...{ env: cleanEnvironment(), stdio: "ignore" },
  });
  await waitFor({ what: "AWS to listen", deadlineMs: 30_000 }, listens);
  aws = await awsClients({ folder, facts, addresses });
  ec2 = { ...createReads(aws.ec2), ...createEc2Changes(aws.ec2) };
  const { cluster } = await aws.eks.send(new DescribeClusterCommand({ name: clusterName }));
  vpc = cluster?.resourcesVpcConfig?.vpcId ?? "";
});
after(async () => {
  server?.kill();
  if (folder) await rm(folder, { recursive: true });
});

const named = (name: string) => (error: Error) => error.name === name;

test("a group with rules, an interface, an address and an instance are made, found by their tags, and removed in order", {
  skip,
}, async () => {
  const [subnet] = await ec2.listSubnets(vpc);
  assert.equal(subnet?.cidr, "10.0.1.0/24");
  const group = await ec2.createGroup({ name: "gateway", description: "gateway", vpcId: vpc, tags: TAGS });
  assert.deepEqual(await ec2.listGroups(TAGS), [{ id: group, vpcId: vpc, tags: TAGS }]);
  assert.deepEqual(await ec2.listGroups({ ...TAGS, "eks-satellite:gateway": "other" }), []);

  const udp = { direction: "in", protocol: "udp", fromPort: 51820, toPort: 51820, cidr: "0.0.0.0/0" } as const;
  await ec2.allow(group, [{ ...udp, description: "WireGuard", tags: TAGS }]);
  await assert.rejects(
    ec2.allow(group, [{ ...udp, description: "", tags: TAGS }]),
    named("InvalidPermission.Duplicate"),
  );
  const rules = (await ec2.listRules([group])).filter(({ direction }) => direction === "in");
  assert.deepEqual(
    rules.map(({ protocol, fromPort, cidr, tags }) => ({ protocol, fromPort, cidr, tags })),
    [{ protocol: "udp", fromPort: 51820, cidr: "0.0.0.0/0", tags: TAGS }],
  );

  const request = { subnetId: subnet.id, groupIds: [group], description: "gateway", tags: TAGS };
  const made = await ec2.createInterface(request);
  await ec2.setSourceDestCheck(made.id, false);
  assert.deepEqual(await ec2.listInterfaces(TAGS), [{ ...made, sourceDestCheck: false }]);
  assert.deepEqual([made.subnetId, made.vpcId, made.groupIds, made.tags], [subnet.id, vpc, [group], TAGS]);

  const address = await ec2.allocateAddress(TAGS);
  await ec2.associateAddress(address.allocationId, made.id);
  const [associated] = await ec2.listAddresses(TAGS);
  assert.deepEqual(
    [associated?.interfaceId, associated?.publicIp, associated?.tags],
    [made.id, address.publicIp, TAGS],
  );

  await makeProfile();
  const image = "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id";
  const what = { type: "t4g.small", interfaceId: made.id, profile: "gateway", userData: "#cloud-config\n", tags: TAGS };
  await assert.rejects(ec2.runInstance({ ...what, image: "resolve:ssm:/none" }), named("InvalidParameterValue"));
  const instance = await ec2.runInstance({ ...what, image });
  assert.deepEqual(await ec2.listInstances(TAGS), [{ ...instance, state: "running" }]);
  assert.equal((await ec2.listInterfaces(TAGS))[0]?.instanceId, instance.id);

  await assert.rejects(ec2.deleteInterface(made.id), named("InvalidParameterValue"));
  await assert.rejects(ec2.deleteGroup(group), named("DependencyViolation"));
  await assert.rejects(ec2.releaseAddress(address.allocationId), named("InvalidIPAddress.InUse"));
  await ec2.terminateInstance(instance.id);
  assert.deepEqual(await ec2.listInstances(TAGS), []);
  await ec2.disassociateAddress(associated?.associationId ?? "");
  await ec2.releaseAddress(address.allocationId);
  await ec2.deleteInterface(made.id);
  await ec2.revoke(rules);
  await ec2.deleteGroup(group);
  const left = [await ec2.listGroups(TAGS), await ec2.listInterfaces(TAGS), await ec2.listAddresses(TAGS)];
  assert.deepEqual(left, [[], [], []]);
});

async function makeProfile(): Promise<void> {
  await aws.iam.send(new CreateRoleCommand({ RoleName: "gateway", AssumeRolePolicyDocument: "{}" }));
  const Tags = Object.entries(TAGS).map(([Key, Value]) => ({ Key, Value }));
  await aws.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "gateway", Tags }));
  const both = { InstanceProfileName: "gateway", RoleName: "gateway" };
  await aws.iam.send(new AddRoleToInstanceProfileCommand(both));
  await assert.rejects(aws.iam.send(new AddRoleToInstanceProfileCommand(both)), named("LimitExceededException"));
  const { InstanceProfile } = await aws.iam.send(new GetInstanceProfileCommand({ InstanceProfileName: "gateway" }));
  assert.deepEqual([InstanceProfile?.Tags, InstanceProfile?.Roles?.[0]?.RoleName], [Tags, "gateway"]);
}

test("a route to an interface is made, replaced, a black hole without its instance, and deleted", {
  skip,
}, async () => {
  const [subnet] = await ec2.listSubnets(vpc);
  const request = { subnetId: subnet?.id ?? "", groupIds: [], description: "", tags: TAGS };
  const [one, other] = [await ec2.createInterface(request), await ec2.createInterface(request)];
  const tables = await ec2.listRouteTables(vpc);
  assert.deepEqual(
    tables.map(({ isMain, routes }) => [isMain, routes.map(({ destination }) => destination)]),
    [
      [true, ["10.0.0.0/16", "0.0.0.0/0"]],
      [false, ["10.0.0.0/16"]],
    ],
  );
  const table = tables[1]?.id ?? "";
  const route = async () =>
    (await ec2.listRouteTables(vpc))[1]?.routes.find(({ destination }) => destination === NODES);
  await assert.rejects(ec2.replaceRoute(table, NODES, one.id), named("InvalidParameterValue"));
  await ec2.createRoute(table, NODES, one.id);
  await assert.rejects(ec2.createRoute(table, NODES, other.id), named("RouteAlreadyExists"));
  assert.deepEqual(await route(), { destination: NODES, target: one.id, state: "blackhole" });
  await ec2.replaceRoute(table, NODES, other.id);
  assert.equal((await route())?.target, other.id);
  await ec2.deleteRoute(table, NODES);
  assert.equal(await route(), undefined);
  await assert.rejects(ec2.deleteRoute(table, NODES), named("InvalidRoute.NotFound"));
  for (const { id } of [one, other]) await ec2.deleteInterface(id);
});

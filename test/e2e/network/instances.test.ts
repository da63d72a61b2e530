// EC2's instances in the sandbox's VPC: what RunInstances boots, what reaches it, what its role may, and that it ends.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeVpcsCommand,
  type Instance as Ec2Instance,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand } from "@aws-sdk/client-eks";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { execa } from "execa";
import { down } from "../../sandbox/down.ts";
import { clean } from "../../sandbox/environment.ts";
import type { Instance } from "../../sandbox/instances/instance.ts";
import { inNamespace, processesIn } from "../../sandbox/network.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { accountId, cacheFolder, clusterName } from "../../sandbox/state.ts";
import { up } from "../../sandbox/up.ts";
import { awsClients } from "../../sandbox/vpc/aws-clients.ts";
import { readCloud } from "../../sandbox/vpc/cloud.ts";
import { waitFor } from "../../sandbox/wait.ts";

const FOLDER = join(cacheFolder(), "instances-sandbox");
const PORT = 8080;
const ROLE = "web";
/** A web server that says what the metadata service says, from this boot and every later one. */
const USER_DATA = `#!/bin/sh -e
imds=http://169.254.169.254/latest
token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $imds/api/token)
mkdir -p /srv/www
for name in instance-id local-ipv4 placement/region iam/security-credentials/; do
  curl -sf -H "X-aws-ec2-metadata-token: $token" $imds/meta-data/$name; echo
done > /srv/www/index.html
curl -s -o /dev/null -w '%{http_code}\\n' $imds/meta-data/instance-id >> /srv/www/index.html
cat > /etc/systemd/system/web.service <<'UNIT'
[Service]
ExecStart=/usr/bin/python3 -m http.server ${PORT} --directory /srv/www
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --now --quiet web
`;

let sandbox: Sandbox;
let aws: Awaited<ReturnType<typeof awsClients>>;
let instance: Instance;
let group: string;
let elastic: string;

before(async () => {
  ({ sandbox } = await up({ folder: FOLDER, agent: false, network: "vpc" }));
  aws = await awsClients(sandbox);
});
after(() => down(FOLDER));

const described = async (): Promise<Ec2Instance> => {
  const found = await aws.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance.id] }));
  return found.Reservations?.[0]?.Instances?.[0] ?? {};
};
const untilState = (state: string) =>
  waitFor(
    { what: `${instance.id} to be ${state}`, deadlineMs: 60_000 },
    async () => (await described()).State?.Name === state,
  );

/** What a namespace gets of the web server at an address; undefined when nothing answers within 2 s. */
async function page(namespace: string, address: string): Promise<string | undefined> {
  const command = ["curl", "--silent", "--max-time", "2", `http://${address}:${PORT}/`];
  const [program, ...args] = inNamespace(namespace, command);
  const found = await execa(program, args, { ...clean(), reject: false });
  return found.failed ? undefined : found.stdout;
}
const untilPage = (namespace: string, address: string) =>
  waitFor({ what: `the page at ${address}`, deadlineMs: 20_000 }, () => page(namespace, address));
const untilNoPage = (namespace: string, address: string) =>
  waitFor({ what: `no page at ${address}`, deadlineMs: 20_000 }, async () => !(await page(namespace, address)));

const internet = () => sandbox.addresses.awsNamespace;
const permission = (cidr: string) => ({
  GroupId: group,
  IpPermissions: [{ IpProtocol: "tcp", FromPort: PORT, ToPort: PORT, IpRanges: [{ CidrIp: cidr }] }],
});

async function makeRole(): Promise<void> {
  const trust = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };
  const may = { Effect: "Allow", Action: "eks:DescribeCluster", Resource: "*" };
  const document = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await aws.iam.send(new CreateRoleCommand({ RoleName: ROLE, AssumeRolePolicyDocument: document(trust) }));
  await aws.iam.send(new PutRolePolicyCommand({ RoleName: ROLE, PolicyName: "own", PolicyDocument: document(may) }));
  await aws.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: ROLE }));
  await aws.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: ROLE, RoleName: ROLE }));
}

async function launch(): Promise<string> {
  const { vpc, subnets } = await readCloud(FOLDER);
  const made = await aws.ec2.send(new CreateSecurityGroupCommand({ GroupName: "web", Description: "web", VpcId: vpc }));
  group = made.GroupId ?? "";
  const { Instances = [] } = await aws.ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: "ami-0a1b2c3d4e5f60012", InstanceType: "t3.small", MinCount: 1, MaxCount: 1 },
      SubnetId: subnets[0]?.id,
      SecurityGroupIds: [group],
      IamInstanceProfile: { Name: ROLE },
      MetadataOptions: { HttpTokens: "required" },
      UserData: Buffer.from(USER_DATA).toString("base64"),
    }),
  );
  assert.equal(Instances[0]?.State?.Name, "pending");
  return Instances[0]?.InstanceId ?? "";
}

test("an instance runs its user data within a minute, and its metadata service says who it is", async () => {
  await makeRole();
  const began = performance.now();
  instance = sandbox.instance(await launch());
  await untilState("running");
  await instance.untilProvisioned();
  const seconds = (performance.now() - began) / 1000;
  console.log(`user data done after ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 60, `it took ${seconds} s`);
  const { PrivateIpAddress } = await described();
  const { stdout } = await instance.run(["cat", "/srv/www/index.html"]);
  assert.deepEqual(stdout.split("\n"), [instance.id, PrivateIpAddress, "us-east-1", ROLE, "401"]);
  assert.deepEqual(await sandbox.instances(), [instance.id]);
});

test("its security group decides who reaches it, from the control plane and from the internet", async () => {
  const { PrivateIpAddress = "" } = await described();
  const address = await aws.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  elastic = address.PublicIp ?? "";
  await aws.ec2.send(new AssociateAddressCommand({ InstanceId: instance.id, AllocationId: address.AllocationId }));
  const { controlNamespace: control } = sandbox.addresses;
  assert.equal(await page(internet(), elastic), undefined);
  assert.equal(await page(control, PrivateIpAddress), undefined);

  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(permission("10.0.0.0/16")));
  assert.match(await untilPage(control, PrivateIpAddress), new RegExp(instance.id));
  assert.equal(await page(internet(), elastic), undefined);

  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(permission("0.0.0.0/0")));
  assert.match(await untilPage(internet(), elastic), new RegExp(instance.id));
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand(permission("10.0.0.0/16")));
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand(permission("0.0.0.0/0")));
  await untilNoPage(internet(), elastic);
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(permission("0.0.0.0/0")));
  await untilPage(internet(), elastic);
});

test("its keys are good for what its role may, and for nothing else", async () => {
  const script = `token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
    curl -sf -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/iam/security-credentials/${ROLE}`;
  const keys = JSON.parse((await instance.run(["/bin/sh", "-ec", script])).stdout);
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = keys;
  const own = await awsClients(sandbox, { accessKeyId, secretAccessKey, sessionToken });
  const { cluster } = await own.eks.send(new DescribeClusterCommand({ name: clusterName }));
  assert.equal(cluster?.status, "ACTIVE");
  const arn = `arn:aws:sts::${accountId}:assumed-role/${ROLE}/${instance.id}`;
  await assert.rejects(
    own.ec2.send(new DescribeVpcsCommand({})),
    new RegExp(`${arn} is not authorized to perform: ec2:DescribeVpcs`),
  );
  const without = await awsClients(sandbox, { accessKeyId, secretAccessKey });
  await assert.rejects(
    without.eks.send(new DescribeClusterCommand({ name: clusterName })),
    /security token .* is invalid/,
  );
});

test("one that is cut off or killed is silent while AWS says that it runs, and answers again after it is back", async () => {
  await instance.cut();
  assert.equal(await page(internet(), elastic), undefined);
  await instance.cut("mended");
  await untilPage(internet(), elastic);
  await instance.kill();
  assert.equal(await page(internet(), elastic), undefined);
  assert.equal((await described()).State?.Name, "running");
  await instance.start();
  assert.match(await untilPage(internet(), elastic), new RegExp(instance.id));
});

test("one that is stopped starts again with the same files", async () => {
  await aws.ec2.send(new StopInstancesCommand({ InstanceIds: [instance.id] }));
  await untilState("stopped");
  assert.equal(await page(internet(), elastic), undefined);
  await aws.ec2.send(new StartInstancesCommand({ InstanceIds: [instance.id] }));
  await untilState("running");
  assert.match(await untilPage(internet(), elastic), new RegExp(instance.id));
});

test("one that is terminated leaves no process, no file and no namespace", async () => {
  await aws.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance.id] }));
  await untilState("terminated");
  assert.deepEqual(await processesIn(instance.namespace), []);
  assert.equal(existsSync(`/run/netns/${instance.namespace}`), false);
  assert.equal(existsSync(instance.tree), false);
  assert.deepEqual(await sandbox.instances(), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ADMIN_ARN } from "../fakes/memory-admin.ts";
import { awsError } from "../fakes/memory-aws.ts";
import { FOREIGN_GROUP, FULL_SUBNET, GROUP, SUBNET, setUpEc2 } from "../fakes/memory-ec2.ts";

const OURS = { "eks-satellite:cluster": "demo" };

test("create makes an interface with our tag, and prints the node's name that follows from it", async () => {
  const { ec2, create, said } = setUpEc2();
  assert.equal(await create({ name: "gh058-satellite-node-01" }), 0);
  const [eni] = ec2.enis;
  assert.deepEqual(eni?.tags, { ...OURS, Name: "gh058-satellite-node-01" });
  assert.deepEqual([eni?.subnetId, eni?.securityGroupIds], [SUBNET, [GROUP]]);
  assert.equal(
    said(),
    `A network interface in ${SUBNET} (us-east-1a, vpc-1, 250 free addresses) with ${GROUP}, tagged eks-satellite:cluster=demo, Name=gh058-satellite-node-01
ENI ID                 NAME                     STATUS     PRIVATE IP  PRIVATE DNS                VPC ID  SUBNET ID                 AZ          SGS                   CLUSTER  NODE NAME
eni-086d663f32013841b  gh058-satellite-node-01  available  10.0.2.27   ip-10-0-2-27.ec2.internal  vpc-1   subnet-051a611f159253cba  us-east-1a  sg-03ed97e5202d027ed  demo     fargate-ip-10-0-2-27.ec2.internal

node name   fargate-ip-10-0-2-27.ec2.internal
providerID  eks-satellite:///us-east-1/demo/eni-086d663f32013841b

Authorize user:  eks-satellite authorize --cluster demo --region us-east-1 --identity fargate --user-arn arn:aws:iam::111122223333:user/USER --node-name fargate-ip-10-0-2-27.ec2.internal
On the machine:  sudo eks-satellite configure --cluster demo --region us-east-1 --identity fargate --eni eni-086d663f32013841b --node-name fargate-ip-10-0-2-27.ec2.internal
`,
  );
});

test("create asks for confirmation, and does nothing without it", async () => {
  const { ec2, create, answers, context, said, forget } = setUpEc2();
  answers.push(false);
  assert.equal(await create({ yes: false }), 2);
  context.confirm = undefined;
  forget();
  assert.equal(await create({ yes: false }), 2);
  assert.match(said(), /there is no terminal to ask for confirmation/);
  forget();
  assert.equal(await create({ yes: false, output: "json" }), 2);
  assert.equal(JSON.parse(said()).applied, false);
  assert.deepEqual(ec2.enis, []);
});

test("create with JSON output prints one document", async () => {
  const { create, said } = setUpEc2();
  await create({ name: "one", output: "json", suffix: "regional" });
  const { created, id, nodeName, providerId, cluster } = JSON.parse(said());
  assert.deepEqual(
    { created, nodeName, providerId, cluster },
    {
      created: true,
      nodeName: "fargate-ip-10-0-2-27.us-east-1.compute.internal",
      providerId: `eks-satellite:///us-east-1/demo/${id}`,
      cluster: "demo",
    },
  );
});

test("create with a name that exists makes no second interface, and refuses one that differs", async () => {
  const { ec2, create, said, forget } = setUpEc2();
  await create({ name: "one" });
  forget();
  assert.equal(await create({ name: "one", yes: false }), 0);
  assert.match(said(), /eni-086d663f32013841b has the name one already: nothing to do\n[\s\S]*node name {3}fargate-/);
  await assert.rejects(create({ name: "one", securityGroup: [GROUP, FOREIGN_GROUP] }), {
    code: "eni-differs",
    message: /has sg-03ed97e5202d027ed, not sg-03ed97e5202d027ed, sg-0aaaaaaaaaaaaaaaa/,
  });
  await assert.rejects(create({ name: "one", subnet: FULL_SUBNET }), {
    code: "eni-differs",
    message: new RegExp(`is in ${SUBNET}, not in ${FULL_SUBNET}`),
  });
  assert.equal(ec2.enis.length, 1);
  await create({ name: "one", cluster: "other" });
  await create();
  await create();
  assert.equal(ec2.enis.length, 4, "of another cluster, and without a name each time another");
  ec2.add({ tags: { ...OURS, Name: "one" } });
  await assert.rejects(create({ name: "one" }), { code: "eni-ambiguous", message: /2 network interfaces/ });
});

for (const [what, options, code, message] of [
  [
    "a subnet that is not there",
    { subnet: "subnet-00000000" },
    "subnet-not-found",
    /no subnet subnet-00000000 in us-east-1/,
  ],
  ["a subnet without a free address", { subnet: FULL_SUBNET }, "subnet-full", /in us-east-1b has no free address/],
  [
    "a security group that is not there",
    { securityGroup: [GROUP, "sg-00000000"] },
    "security-group-not-found",
    /no security group sg-00000000/,
  ],
  [
    "a security group of another VPC",
    { securityGroup: [GROUP, FOREIGN_GROUP] },
    "vpc-mismatch",
    /sg-0aaaaaaaaaaaaaaaa is of vpc-2, and subnet subnet-051a611f159253cba of vpc-1/,
  ],
  ["no security group", { securityGroup: [] }, "options-invalid", /--security-group is missing/],
  ["a subnet's id that is none", { subnet: "051a611f159253cba" }, "options-invalid", /--subnet "051a/],
  ["a security group's id that is none", { securityGroup: ["sg-XYZ"] }, "options-invalid", /--security-group "sg-XYZ"/],
  ["an empty name", { name: "" }, "options-invalid", /--name ""/],
  ["a name that no tag may have", { name: "a\nb" }, "options-invalid", /--name "a\\nb"/],
  ["a region that is none", { region: "us-east-1a" }, "cluster-invalid", /--region "us-east-1a"/],
  ["a cluster's name that is none", { cluster: "a b" }, "cluster-invalid", /--cluster "a b"/],
] as const) {
  test(`create refuses ${what}, and creates nothing`, async () => {
    const { ec2, create } = setUpEc2();
    await assert.rejects(create(options), { code, message });
    assert.deepEqual(ec2.enis, []);
  });
}

test("what the caller may not describe is left to EC2, whose refusal is reported", async () => {
  const { ec2, create, said } = setUpEc2();
  ec2.deny("DescribeSubnets");
  ec2.deny("DescribeSecurityGroups");
  assert.equal(await create({ securityGroup: [FOREIGN_GROUP] }), 0);
  assert.match(said(), /^! not checked beforehand: ec2:DescribeSubnets on \* was denied$/m);
  for (const [name, code] of [
    ["InvalidSubnetID.NotFound", "subnet-not-found"],
    ["InvalidGroup.NotFound", "security-group-not-found"],
    ["InsufficientFreeAddressesInSubnet", "subnet-full"],
    ["NetworkInterfaceLimitExceeded", "eni-limit"],
    ["InvalidParameterCombination", "aws-refused"],
  ] as const) {
    ec2.failures.set("CreateNetworkInterface", awsError(name));
    await assert.rejects(create(), { code, hint: /./ });
  }
});

test("a denial names the action, the ARN and the caller; AWS may deny another action than the one that was called", async () => {
  const { ec2, create } = setUpEc2();
  ec2.deny("CreateNetworkInterface");
  const arn = "arn:aws:ec2:us-east-1:111122223333:network-interface/*";
  await assert.rejects(create(), {
    code: "aws-forbidden",
    message: `ec2:CreateNetworkInterface on ${arn} was denied`,
    hint: `Allow ec2:CreateNetworkInterface on ${arn} to ${ADMIN_ARN}.`,
  });
  ec2.deny(
    "CreateNetworkInterface",
    `You are not authorized to perform this operation. User: ${ADMIN_ARN} is not authorized to perform: ec2:CreateTags on resource: ${arn} because no identity-based policy allows it`,
  );
  await assert.rejects(create(), { code: "aws-forbidden", hint: `Allow ec2:CreateTags on ${arn} to ${ADMIN_ARN}.` });
});

test("list shows the interfaces that eks-satellite created, of one cluster or of all, and no others", async () => {
  const { ec2, create, list, said, forget } = setUpEc2();
  ec2.add();
  await list();
  assert.equal(said(), "no network interface in us-east-1 is ours\n");
  await create({ name: "one" });
  await create({ name: "two", cluster: "other" });
  forget();
  await list();
  assert.deepEqual(
    said()
      .split("\n")
      .map((line) => line.split(/ +/)[1]),
    ["ID", "one", "two", undefined],
  );
  forget();
  await list({ cluster: "other", output: "json" });
  assert.deepEqual(
    JSON.parse(said()).networkInterfaces.map(({ nodeName }: { nodeName: string }) => nodeName),
    ["fargate-ip-10-0-2-29.ec2.internal"],
  );
});

test("an interface without an IPv4 address has no node name, and is listed all the same", async () => {
  const { ec2, list, said } = setUpEc2();
  ec2.add({ tags: OURS, privateIp: "" });
  await list();
  assert.match(said(), /^eni-\S+ +- +available +- .* demo +-$/m);
});

test("the user's ARN is in the account's own partition", async () => {
  const { aws, create, said } = setUpEc2();
  aws.callerArn = "arn:aws-cn:iam::111122223333:user/admin";
  await create({ region: "cn-north-1" });
  assert.match(
    said(),
    /--user-arn arn:aws-cn:iam::111122223333:user\/USER --node-name fargate-ip-10-0-2-27\.cn-north-1/,
  );
});

test("delete refuses an interface that is foreign, attached or missing, before anything is deleted", async () => {
  const { ec2, remove } = setUpEc2();
  const ours = ec2.add({ tags: OURS });
  const foreign = ec2.add();
  const attached = ec2.add({ tags: OURS, status: "in-use", attachedTo: "i-0123" });
  const gone = "eni-00000000";
  for (const [id, code, message] of [
    [foreign.id, "eni-foreign", /has no tag eks-satellite:cluster/],
    [attached.id, "eni-attached", /attached to i-0123/],
    [gone, "eni-not-found", /no network interface eni-00000000 in us-east-1/],
    ["eni-x", "options-invalid", /ENI "eni-x"/],
  ] as const)
    await assert.rejects(remove([ours.id, id]), { code, message });
  await assert.rejects(remove([ours.id], { cluster: "other" }), {
    code: "eni-foreign",
    message: /is of cluster demo, not of other/,
  });
  assert.equal(ec2.enis.length, 3);
  assert.ok(!ec2.calls.includes("DeleteNetworkInterface"));
});

test("delete shows our interfaces, asks, and deletes them", async () => {
  const { ec2, remove, answers, said, forget } = setUpEc2();
  const [one, two] = [ec2.add({ tags: OURS }), ec2.add({ tags: OURS })];
  assert.equal(await remove([one.id], { dryRun: true }), 0);
  assert.match(said(), /fargate-ip-10-0-2-27/);
  answers.push(false, true);
  assert.equal(await remove([one.id], { yes: false }), 2);
  assert.equal(ec2.enis.length, 2);
  forget();
  assert.equal(await remove([one.id, two.id, one.id], { yes: false }), 0);
  assert.match(said(), new RegExp(`✓ ${one.id} is deleted\n✓ ${two.id} is deleted\n$`));
  assert.deepEqual(ec2.enis, []);
});

test("node-name asks AWS for an interface's address, and needs no AWS for a given address", async () => {
  const { ec2, nodeName, said, forget, aws } = setUpEc2();
  const { id } = ec2.add();
  await nodeName({ eni: id });
  assert.equal(said(), "fargate-ip-10-0-2-27.ec2.internal\n");
  forget();
  const asked = [ec2.calls.length, aws.calls.length];
  await nodeName({ ip: "10.0.2.27", region: "us-gov-west-1", output: "json" });
  assert.deepEqual(JSON.parse(said()), {
    nodeName: "fargate-ip-10-0-2-27.us-gov-west-1.compute.internal",
    ip: "10.0.2.27",
    region: "us-gov-west-1",
  });
  assert.deepEqual([ec2.calls.length, aws.calls.length], asked);
  for (const options of [{}, { eni: id, ip: "10.0.2.27" }, { eni: "eni-?" }, { ip: "10.0.2.27", region: "Oregon" }])
    await assert.rejects(nodeName(options), { code: "options-invalid" });
  await assert.rejects(nodeName({ ip: "10.0.2.2777" }), { code: "address-invalid" });
  await assert.rejects(nodeName({ eni: "eni-00000000" }), { code: "eni-not-found" });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { openAccount } from "../../agent/admin/account.ts";
import { listEnis, planEni, readDeletableEni, readEni, tagsOf } from "../../agent/admin/eni.ts";
import { FOREIGN_GROUP, FULL_SUBNET, GROUP, SUBNET, setUpEc2 } from "../fakes/memory-ec2.ts";

const wanted = { cluster: "demo", subnetId: SUBNET, securityGroupIds: [GROUP], name: "one" };

async function setUp() {
  const { ec2, context } = setUpEc2();
  return { ec2, eni: { ec2, account: await openAccount(await context.openAdmin(), "us-east-1") } };
}

test("the tags of an interface name its cluster, and its own name where it has one", () => {
  assert.deepEqual(tagsOf({ cluster: "demo", name: undefined }), { "eks-satellite:cluster": "demo" });
  assert.deepEqual(tagsOf(wanted), { "eks-satellite:cluster": "demo", Name: "one" });
});

test("an interface of the same name is present, in whatever order its groups are", async () => {
  const { ec2, eni } = await setUp();
  const present = ec2.add({ tags: tagsOf(wanted), securityGroupIds: [GROUP, FOREIGN_GROUP] });
  assert.deepEqual(await planEni(eni, { ...wanted, securityGroupIds: [FOREIGN_GROUP, GROUP, GROUP] }), {
    kind: "present",
    eni: present,
  });
});

test("the same name in another cluster, or no name, is no reason to reuse an interface", async () => {
  const { ec2, eni } = await setUp();
  ec2.add({ tags: tagsOf({ ...wanted, cluster: "other" }) });
  assert.equal((await planEni(eni, wanted)).kind, "absent");
  ec2.add({ tags: tagsOf(wanted) });
  assert.equal((await planEni(eni, { ...wanted, name: undefined })).kind, "absent");
});

test("a plan creates nothing until it is applied", async () => {
  const { ec2, eni } = await setUp();
  const plan = await planEni(eni, wanted);
  assert.ok(plan.kind === "absent");
  assert.deepEqual([plan.subnet?.id, plan.notes, ec2.enis], [SUBNET, [], []]);
  const created = await plan.create();
  assert.deepEqual([created.subnetId, created.tags], [SUBNET, tagsOf(wanted)]);
});

test("a subnet that may not be described is a note, and its VPC is then not compared", async () => {
  const { ec2, eni } = await setUp();
  ec2.deny("DescribeSubnets");
  const plan = await planEni(eni, { ...wanted, securityGroupIds: [FOREIGN_GROUP] });
  assert.ok(plan.kind === "absent");
  assert.deepEqual(plan.notes, ["not checked beforehand: ec2:DescribeSubnets on * was denied"]);
  assert.equal(plan.subnet, undefined);
});

test("a full subnet, a missing one, a missing group and one of another VPC are refused", async () => {
  const { eni } = await setUp();
  for (const [change, code] of [
    [{ subnetId: FULL_SUBNET }, "subnet-full"],
    [{ subnetId: "subnet-0" }, "subnet-not-found"],
    [{ securityGroupIds: [GROUP, "sg-0"] }, "security-group-not-found"],
    [{ securityGroupIds: [FOREIGN_GROUP] }, "vpc-mismatch"],
  ] as const)
    await assert.rejects(planEni(eni, { ...wanted, ...change }), { code, hint: /\.$/ });
});

test("interfaces are listed by id, of one cluster or of all, and foreign ones never", async () => {
  const { ec2, eni } = await setUp();
  ec2.add();
  const two = ec2.add({ id: "eni-2", tags: tagsOf({ ...wanted, cluster: "other" }) });
  const one = ec2.add({ id: "eni-1", tags: tagsOf(wanted) });
  assert.deepEqual(await listEnis(eni, undefined), [one, two]);
  assert.deepEqual(await listEnis(eni, "other"), [two]);
});

test("the interface of a gateway is neither listed nor deleted: it is no node's", async () => {
  const { ec2, eni } = await setUp();
  const gateway = ec2.add({ tags: { ...tagsOf(wanted), "eks-satellite:gateway": "gateway-1" } });
  assert.deepEqual(await listEnis(eni, undefined), []);
  await assert.rejects(readDeletableEni(eni, gateway.id, undefined), {
    code: "eni-foreign",
    hint: /gateway delete --cluster demo --region us-east-1 --name gateway-1/,
  });
});

test("only a free interface of ours, and of the given cluster, may be deleted", async () => {
  const { ec2, eni } = await setUp();
  const foreign = ec2.add();
  const ours = ec2.add({ tags: tagsOf(wanted) });
  const inUse = ec2.add({ tags: tagsOf(wanted), status: "in-use", attachedTo: "i-1" });
  assert.equal(await readDeletableEni(eni, ours.id, undefined), ours);
  assert.equal(await readDeletableEni(eni, ours.id, "demo"), ours);
  await assert.rejects(readDeletableEni(eni, ours.id, "other"), { code: "eni-foreign", message: /is of cluster demo/ });
  await assert.rejects(readDeletableEni(eni, foreign.id, undefined), { code: "eni-foreign", message: /has no tag/ });
  await assert.rejects(readDeletableEni(eni, inUse.id, undefined), { code: "eni-attached", message: /to i-1$/ });
  await assert.rejects(readEni(eni, "eni-0"), { code: "eni-not-found", message: /eni-0 in us-east-1/ });
});

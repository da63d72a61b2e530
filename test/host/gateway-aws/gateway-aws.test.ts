// The calls about gateways against moto, which checks requests and keeps state as EC2, IAM and EKS do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createGatewayAws, createGatewayReads } from "../../../agent/host/gateway-aws/gateway-aws.ts";
import type { GatewayAws } from "../../../agent/host/gateway-aws/types.ts";
import { type Moto, startMoto } from "../../fakes/moto.ts";

const TAGS = { "eks-satellite:cluster": "demo", "eks-satellite:gateway": "gateway-1" };
const skip = process.getuid?.() === 0 ? false : "making moto's Python environment may need apt, and that root";

let moto: Moto | undefined;
let aws: GatewayAws;
before(async () => {
  if (skip !== false) return;
  moto = await startMoto();
  aws = createGatewayAws("us-east-1", undefined);
});
after(() => moto?.stop());

const vpcOf = (own: Moto | undefined) => own?.network.vpc ?? "";

test("a VPC is read: its networks, subnets, tables with their routes, and rules", { skip }, async () => {
  const reads = createGatewayReads("us-east-1");
  const vpc = await reads.findVpc(vpcOf(moto));
  assert.deepEqual(vpc?.cidrs, ["10.0.0.0/16", "10.1.0.0/16"], "a second network of the VPC counts");
  assert.equal(await reads.findVpc("vpc-0123456789abcdef0"), undefined);
  const subnets = await reads.listSubnets(vpcOf(moto));
  assert.deepEqual(
    subnets.map(({ cidr, vpcId }) => [cidr, vpcId]),
    [["10.0.1.0/24", vpcOf(moto)]],
  );
  assert.ok((subnets[0]?.freeAddresses ?? 0) > 200);
  const [main, own] = (await reads.listRouteTables(vpcOf(moto))).toSorted((one) => (one.isMain ? -1 : 1));
  assert.deepEqual([main?.isMain, own?.isMain, own?.subnetIds], [true, false, [subnets[0]?.id]]);
  const toInternet = own?.routes.find(({ destination }) => destination === "0.0.0.0/0");
  assert.match(toInternet?.target ?? "", /^igw-/);
  assert.equal(toInternet?.state, "active");
  assert.equal(own?.routes.find(({ destination }) => destination === "10.0.0.0/16")?.target, "local");
});

test("group, rules, interface, address and instance are made, found by their tags, and removed", { skip }, async () => {
  const [subnet] = await aws.listSubnets(vpcOf(moto));
  const groupId = await aws.createGroup({ name: "g", description: "d", vpcId: vpcOf(moto), tags: TAGS });
  await aws.tag(groupId, { more: "yes" });
  assert.deepEqual(await aws.listGroups(TAGS), [{ id: groupId, vpcId: vpcOf(moto), tags: { ...TAGS, more: "yes" } }]);
  assert.deepEqual(await aws.listGroups({ "eks-satellite:cluster": "other" }), []);
  const inbound = {
    direction: "in",
    protocol: "udp",
    fromPort: 51820,
    toPort: 51820,
    cidr: "0.0.0.0/0",
    description: "w",
    tags: TAGS,
  } as const;
  const outbound = {
    ...inbound,
    direction: "out",
    protocol: "-1",
    fromPort: -1,
    toPort: -1,
    cidr: "10.0.0.0/16",
  } as const;
  await aws.allow(groupId, [inbound, outbound]);
  const rules = await aws.listRules([groupId]);
  const seen = rules.find(({ direction }) => direction === "in");
  assert.deepEqual([seen?.protocol, seen?.fromPort, seen?.cidr, seen?.tags], ["udp", 51820, "0.0.0.0/0", TAGS]);
  assert.equal(rules.filter(({ direction }) => direction === "out").length, 2, "EC2's default beside ours");
  await aws.revoke(rules.filter(({ direction, cidr }) => direction === "out" && cidr === "0.0.0.0/0"));
  assert.equal((await aws.listRules([groupId])).length, 2);

  const eni = await aws.createInterface({
    subnetId: subnet?.id ?? "",
    groupIds: [groupId],
    description: "d",
    tags: TAGS,
  });
  assert.equal(eni.sourceDestCheck, true);
  await aws.setSourceDestCheck(eni.id, false);
  const eip = await aws.allocateAddress(TAGS);
  await aws.associateAddress(eip.allocationId, eni.id);
  const [found] = await aws.listAddresses(TAGS);
  assert.deepEqual([found?.publicIp, found?.interfaceId], [eip.publicIp, eni.id]);
  await aws.createProfile("p", TAGS);
  assert.deepEqual(await aws.findProfile("p"), { name: "p", roles: [], tags: TAGS });
  assert.equal(await aws.findProfile("q"), undefined);
  const instance = await aws.runInstance({
    type: "t4g.small",
    image: "ami-12c6146b",
    interfaceId: eni.id,
    profile: "p",
    userData: "#cloud-config\n",
    tags: TAGS,
  });
  assert.equal((await aws.listInstances(TAGS))[0]?.id, instance.id);
  const [placed] = await aws.listInterfaces(TAGS);
  assert.deepEqual([placed?.instanceId, placed?.sourceDestCheck, placed?.address], [instance.id, false, eni.address]);

  const [, table] = (await aws.listRouteTables(vpcOf(moto))).toSorted((one) => (one.isMain ? -1 : 1));
  await aws.createRoute(table?.id ?? "", "10.250.0.0/20", eni.id);
  const routed = async () =>
    (await aws.listRouteTables(vpcOf(moto)))
      .flatMap(({ routes }) => routes)
      .find(({ destination }) => destination === "10.250.0.0/20");
  assert.equal((await routed())?.target, eni.id);
  await aws.replaceRoute(table?.id ?? "", "10.250.0.0/20", eni.id);
  await aws.deleteRoute(table?.id ?? "", "10.250.0.0/20");
  assert.equal(await routed(), undefined);

  await aws.terminateInstance(instance.id);
  assert.deepEqual(await aws.listInstances(TAGS), [], "a terminated instance is none");
  await aws.disassociateAddress(found?.associationId ?? "");
  await aws.releaseAddress(eip.allocationId);
  await aws.deleteInterface(eni.id).catch((error: Error) => assert.match(error.message, /does not exist/));
  await aws.deleteGroup(groupId);
  await aws.deleteProfile("p");
  for (const list of [await aws.listGroups(TAGS), await aws.listAddresses(TAGS), await aws.listInterfaces(TAGS)])
    assert.deepEqual(list, []);
});

test("remote networks are set as one list of each kind", { skip }, async () => {
  const update = await aws.setRemoteNetworks("demo", { nodes: ["10.250.0.0/20", "10.99.0.0/16"], pods: [] });
  assert.equal(update.status, "Successful", "moto updates at once");
});

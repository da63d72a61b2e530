// A gateway that stands by: made, completed, checked, listed, printed and removed beside the first one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpGateway } from "../../fakes/gateway-admin.ts";
import { MAIN_TABLE, PRIVATE_TABLE } from "../../fakes/memory-gateway-vpc.ts";

const STANDBY = "gateway-1-standby";
const ROLES = ["eks-satellite-demo-gateway-1-us-west-2", "eks-satellite-demo-gateway-1-standby-us-west-2"];

function policiesOf({ adminAws }: ReturnType<typeof setUpGateway>) {
  return ROLES.map((role) => JSON.parse(adminAws.roles.get(role)?.policies.get("eks-satellite-gateway") ?? "null"));
}

const interfaceOf = ({ gatewayAws }: ReturnType<typeof setUpGateway>, name: string) =>
  gatewayAws.interfaces.find(({ tags }) => tags["eks-satellite:gateway"] === name);

test("--standby makes a second gateway with pieces of its own, and both may replace routes; the routes lead to the first", async () => {
  const admin = setUpGateway();
  const { create, gatewayAws } = admin;
  assert.equal(await create({ standby: true }), 0);
  const [first, second] = ["gateway-1", STANDBY].map((name) => interfaceOf(admin, name));
  assert.deepEqual([second?.sourceDestCheck, gatewayAws.instances.length, gatewayAws.addresses.length], [false, 2, 2]);
  assert.notDeepEqual(second?.groupIds, first?.groupIds);
  const targets = gatewayAws.tables.flatMap(({ routes }) =>
    routes.filter(({ destination }) => destination.startsWith("10.250.")).map(({ target }) => target),
  );
  assert.deepEqual([...new Set(targets)], [first?.id]);
  for (const policy of policiesOf(admin)) {
    const { Action, Resource } = policy.Statement.at(-1);
    assert.equal(Action, "ec2:ReplaceRoute");
    const tables = [MAIN_TABLE, PRIVATE_TABLE].map((id) => `arn:aws:ec2:us-west-2:111122223333:route-table/${id}`);
    for (const table of tables) assert.ok(Resource.includes(table), table);
  }
});

test("a gateway that is there gets one that stands by; run again, with the option or without, there is nothing to do", async () => {
  const admin = setUpGateway();
  const { create, said } = admin;
  await create();
  assert.equal(policiesOf(admin)[0].Statement.length, 2, "one alone changes nothing in AWS");
  assert.equal(await create({ standby: true, dryRun: true }), 0);
  assert.match(said(), /^\+\+\+ policy eks-satellite-gateway of role eks-satellite-demo-gateway-1-us-west-2/m);
  assert.match(said(), /^\+\+\+ instance eks-satellite-demo-gateway-1-standby/m);
  await create({ standby: true });
  for (const options of [{ standby: true }, {}]) {
    const before = said().length;
    assert.equal(await create(options), 0);
    assert.match(said().slice(before), /^nothing to do/m);
  }
});

test("routes that lead to the one that stands by are right, to create and to check", async () => {
  const admin = setUpGateway();
  const { create, check, list, said, gatewayAws } = admin;
  await create({ standby: true });
  const second = interfaceOf(admin, STANDBY)?.id ?? "";
  for (const table of gatewayAws.tables)
    for (const { destination } of table.routes.filter((route) => route.destination.startsWith("10.250.")))
      await gatewayAws.replaceRoute(table.id, destination, second);
  const before = said().length;
  await create();
  assert.match(said().slice(before), /^nothing to do/m);
  await check();
  assert.doesNotMatch(said(), /route-elsewhere|role-policy-differs/);
  await list();
  assert.match(said(), /^gateway-1 .* 0 +10\.250/m);
  assert.match(said(), new RegExp(`^${STANDBY} .* [46] +10\\.250`, "m"));
});

test("check names what the one that stands by lacks, with the command that completes it", async () => {
  const { create, check, said, gatewayAws } = setUpGateway();
  await create({ standby: true });
  const instance = gatewayAws.instances.find(({ tags }) => tags["eks-satellite:gateway"] === STANDBY);
  await gatewayAws.terminateInstance(instance?.id ?? "");
  assert.equal(await check(), 1);
  assert.match(said(), /✗ instance-missing +gateway-1-standby: .*\n +→ .*--name gateway-1 --standby$/m);
});

test("another gateway is refused, and the command names the option", async () => {
  const { create } = setUpGateway();
  await create();
  await assert.rejects(create({ name: "gateway-2" }), { code: "gateway-exists", hint: /--name gateway-1 --standby/ });
});

test("delete removes both; of the one that stands by alone, and the routes come back to the first", async () => {
  const admin = setUpGateway();
  const { create, remove, gatewayAws, kubernetes } = admin;
  await create({ standby: true });
  const [first, second] = ["gateway-1", STANDBY].map((name) => interfaceOf(admin, name)?.id ?? "");
  const ownGroups = () => gatewayAws.groups.filter(({ tags }) => "eks-satellite:gateway" in tags).length;
  for (const table of gatewayAws.tables)
    for (const { destination } of table.routes.filter((route) => route.destination.startsWith("10.250.")))
      await gatewayAws.replaceRoute(table.id, destination, second ?? "");
  kubernetes.edit("eks-satellite-gateways", { "gateway-1": "{}", [STANDBY]: "{}" });
  assert.equal(await remove({ name: STANDBY }), 0);
  const left = JSON.stringify([...kubernetes.maps.values()].map(({ data }) => Object.keys(data)));
  assert.ok(left.includes('"gateway-1"') && !left.includes(STANDBY), left);
  const targets = gatewayAws.tables.flatMap(({ routes }) =>
    routes.filter(({ destination }) => destination.startsWith("10.250.")).map(({ target }) => target),
  );
  assert.deepEqual([...new Set(targets)], [first]);
  assert.deepEqual([gatewayAws.interfaces.length, ownGroups()], [1, 1]);
  assert.equal(policiesOf(admin)[0].Statement.length, 2);
  await create({ standby: true });
  assert.equal(await remove(), 0);
  assert.deepEqual([gatewayAws.interfaces.length, ownGroups(), gatewayAws.addresses.length], [0, 0, 0]);
  assert.deepEqual([kubernetes.rbac.size, gatewayAws.profiles.length], [0, 0]);
});

test("Terraform has the pieces of both, and leaves the routes to the gateways", async () => {
  const { create, said } = setUpGateway();
  await create({ standby: true, print: "terraform" });
  const text = said();
  for (const name of ["gateway", "standby"])
    for (const type of ["aws_iam_role", "aws_security_group", "aws_network_interface", "aws_eip", "aws_instance"])
      assert.match(text, new RegExp(`^resource "${type}" "${name}" \\{`, "m"), `${type} ${name}`);
  assert.match(text, /network_interface = aws_network_interface\.standby\.id/);
  assert.match(text, /ignore_changes = \[network_interface_id\]/);
  assert.match(text, /ReplaceRoute/);
  assert.doesNotMatch(text.slice(text.indexOf('"aws_iam_role" "standby"'), text.indexOf('"aws_route"')), /\.gateway\./);
});

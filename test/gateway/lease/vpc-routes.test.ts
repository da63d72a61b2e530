// The VPC's routes as a gateway keeps them, against moto: what it sees, and that an old Lease replaces nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createVpcRoutes } from "../../../agent/admin/gateway/vpc-routes.ts";
import type { AwsKeys } from "../../../agent/host/aws.ts";
import { createGatewayAws, createGatewayRoutes } from "../../../agent/host/gateway-aws/gateway-aws.ts";
import { Secret } from "../../../agent/secret.ts";
import { type Moto, startMoto } from "../../fakes/moto.ts";

const skip = process.getuid?.() === 0 ? false : "making moto's Python environment may need apt, and that root";
const REGION = "us-east-1";
const KEYS: AwsKeys = { accessKeyId: "AKIA1", secretAccessKey: new Secret("s") };
const NODES = "10.250.0.0/24";

let moto: Moto | undefined;
const ids: string[] = [];
const tables: string[] = [];
before(async () => {
  if (skip !== false) return;
  moto = await startMoto();
  const aws = createGatewayAws(REGION, undefined);
  for (const name of ["gateway-1", "gateway-1-standby"]) {
    const tags = { "eks-satellite:cluster": "demo", "eks-satellite:gateway": name };
    const made = await aws.createInterface({
      subnetId: moto.network.subnet,
      groupIds: [],
      description: "a test",
      tags,
    });
    ids.push(made.id, made.address);
  }
  for (const { id } of await aws.listRouteTables(moto.network.vpc)) {
    tables.push(id);
    await aws.createRoute(id, NODES, ids[0] ?? "");
  }
});
after(() => moto?.stop());

function open() {
  let opened = 0;
  const routes = createVpcRoutes({
    cluster: "demo",
    open: (keys) => {
      opened += 1;
      return createGatewayRoutes(REGION, { keys });
    },
  });
  return { routes, opened: () => opened };
}

test("each of two gateways sees the routes of the tables that serve, its own interface, and that it is one of two", {
  skip,
}, async () => {
  const { routes, opened } = open();
  for (const [id, address] of [ids.slice(0, 2), ids.slice(2)]) {
    const seen = await routes(KEYS).look([NODES], address ?? "");
    assert.deepEqual([seen.ownInterface, seen.isPaired], [id, true]);
    assert.deepEqual(seen.routes.map(({ tableId }) => tableId).toSorted(), tables.toSorted());
    assert.deepEqual([...new Set(seen.routes.map(({ target }) => target))], [ids[0]]);
  }
  assert.equal(opened(), 1, "connections are kept");
  const stranger = await routes({ ...KEYS, accessKeyId: "AKIA2" }).look([NODES], "10.0.9.9");
  assert.deepEqual([stranger.ownInterface, stranger.routes, opened()], [undefined, [], 2]);
});

test("a route is replaced while the Lease is held, and not when it is lost on the way to AWS", { skip }, async () => {
  const aws = open().routes(KEYS);
  const [route] = (await aws.look([NODES], ids[3] ?? "")).routes;
  assert.ok(route !== undefined);
  const asked: string[] = [];
  const isLost = () => {
    asked.push("isAllowed");
    return false;
  };
  await assert.rejects(aws.replace(route, ids[2] ?? "", isLost), { code: "lease-lost" });
  assert.equal(asked.length, 1, "it is asked when the request is ready");
  const targets = async () =>
    (await aws.look([NODES], ids[3] ?? "")).routes.flatMap(({ tableId, target }) =>
      tableId === route.tableId ? [target] : [],
    );
  assert.deepEqual(await targets(), [ids[0]]);
  await aws.replace(route, ids[2] ?? "", () => true);
  assert.deepEqual(await targets(), [ids[2]]);
});

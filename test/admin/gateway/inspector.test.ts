// The gateway's own look, with the reading calls of its role alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createInspector } from "../../../agent/admin/gateway/inspector.ts";
import type { AwsKeys } from "../../../agent/host/aws.ts";
import { Secret } from "../../../agent/secret.ts";
import { setUpGateway } from "../../fakes/gateway-admin.ts";
import { MAIN_TABLE } from "../../fakes/memory-gateway-vpc.ts";

const KEYS: AwsKeys = { accessKeyId: "ASIA", secretAccessKey: new Secret("s") };

async function setUp() {
  const admin = setUpGateway();
  await admin.create();
  const { gatewayAws, aws } = admin;
  gatewayAws.calls.splice(0);
  const known: { keys: AwsKeys | undefined } = { keys: KEYS };
  const cluster = { name: "demo", region: "us-west-2" };
  const clients = { open: 0 };
  const look = createInspector({
    aws,
    createReads: () => {
      clients.open += 1;
      return Object.assign(gatewayAws, { destroy: () => void clients.open-- });
    },
    cluster,
    gateway: "gateway-1",
    keys: () => known.keys,
  });
  return { ...admin, look, known, clients };
}

test("it finds what an administrator's check finds, by Describe calls alone", async () => {
  const { look, gatewayAws } = await setUp();
  assert.deepEqual(await look(), []);
  await gatewayAws.deleteRoute(MAIN_TABLE, "10.250.0.0/20");
  gatewayAws.calls.splice(0);
  assert.deepEqual(
    (await look()).map(({ code }) => code),
    ["vpc-route-missing"],
  );
  assert.deepEqual(
    gatewayAws.calls.filter((call) => !call.startsWith("Describe")),
    [],
  );
});

test("each look closes the connections that it opened, also one that fails", async () => {
  const { look, gatewayAws, clients } = await setUp();
  await look();
  assert.equal(clients.open, 0);
  gatewayAws.listGroups = async () => {
    throw new Error("RequestLimitExceeded");
  };
  await assert.rejects(look());
  assert.equal(clients.open, 0);
});

test("before there are keys, and while the cluster has no VPC, there is nothing to say", async () => {
  const { look, known, gatewayAws, aws } = await setUp();
  known.keys = undefined;
  assert.deepEqual(await look(), []);
  known.keys = KEYS;
  aws.cluster = { ...aws.cluster, vpc: undefined };
  assert.deepEqual(await look(), []);
  assert.deepEqual(gatewayAws.calls, []);
});

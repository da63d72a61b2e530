import assert from "node:assert/strict";
import { test } from "node:test";
import { rotateGatewayKeyCommand } from "../../../agent/commands/gateway/rotate-key.ts";
import { readNetworkMap } from "../../../agent/tunnel/entries.ts";
import { setUpGateway } from "../../fakes/gateway-admin.ts";
import { settle } from "../../fakes/memory-clock.ts";

const [OLD, NEW] = ["A", "Q"].map((letter) => `${"A".repeat(42)}${letter}=`);
const entry = (publicKey = OLD) =>
  JSON.stringify({ publicKey, endpoint: "198.51.100.5:51820", address: "10.0.1.5", since: "2026-01-01T00:00:00Z" });

async function setUp() {
  const admin = setUpGateway();
  await admin.create();
  admin.kubernetes.edit("eks-satellite-gateways", { "gateway-1": entry() });
  admin.forget();
  const rotate = (output: "text" | "json" = "text") =>
    rotateGatewayKeyCommand(admin.gatewayContext, { ...admin.shared, output }, admin.print);
  return { ...admin, rotate };
}

test("gateways are asked by a time in the network's entry, and the command ends when each has another key", async () => {
  const { kubernetes, host, rotate, said, create } = await setUp();
  const ended = rotate();
  await host.clock.advance(10_000);
  const { network } = readNetworkMap(kubernetes.maps.get("kube-system/eks-satellite-network")?.data ?? {});
  assert.ok(Date.parse(network?.gatewayKeysSince ?? "") > host.clock.now() - 60_000);
  kubernetes.edit("eks-satellite-gateways", { "gateway-1": entry(NEW) });
  await host.clock.advance(5000);
  assert.equal(await ended, 0);
  assert.match(said(), new RegExp(`✓ gateway-1 has the key ${NEW?.slice(0, 10)}`));
  await create();
  const after = readNetworkMap(kubernetes.maps.get("kube-system/eks-satellite-network")?.data ?? {}).network;
  assert.equal(after?.gatewayKeysSince, network?.gatewayKeysSince, "gateway create leaves it");
});

test("a gateway that does not follow is named, and a cluster without one is an error", async () => {
  const { host, rotate, kubernetes } = await setUp();
  const late = assert.rejects(rotate(), { code: "gateway-rotation-late", message: /gateway-1/ });
  await settle();
  await host.clock.advance(200_000);
  await late;
  kubernetes.edit("eks-satellite-gateways", { "gateway-1": "{" });
  await assert.rejects(rotate(), { code: "gateways-missing" });
});

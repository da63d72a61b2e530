import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayKey } from "../../../agent/gateway/rotation/gateway-key.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const FILE = "/var/lib/eks-satellite-gateway/wireguard.key";

test("the next key takes the place of the current one, and nothing of the old one is left", async () => {
  const host = new MemoryHost();
  const key = await GatewayKey.open(host, FILE);
  const old = key.publicKey;
  assert.equal(key.nextPublicKey, undefined);
  await host.clock.advance(60_000);
  await key.makeNext();
  const next = key.nextPublicKey;
  await key.makeNext();
  assert.equal(key.nextPublicKey, next, "one that is there stays");
  assert.equal(host.files.peek(`${FILE}.next`)?.mode, 0o600);
  await key.adoptNext();
  assert.deepEqual([key.publicKey, key.nextPublicKey, key.publicKey === old], [next, undefined, false]);
  assert.equal(host.files.peek(`${FILE}.next`), undefined);
  assert.equal(key.madeMs, host.clock.now());
  assert.equal((await GatewayKey.open(host, FILE)).publicKey, next);
});

test("a run that begins takes the next key of an earlier one over; a damaged one is made anew, and the current one stays", async () => {
  const host = new MemoryHost();
  const first = await GatewayKey.open(host, FILE);
  await first.makeNext();
  const second = await GatewayKey.open(host, FILE);
  assert.equal(second.nextPublicKey, first.nextPublicKey);
  host.files.put(`${FILE}.next`, "garbage");
  const third = await GatewayKey.open(host, FILE);
  assert.ok(third.nextPublicKey !== undefined && third.nextPublicKey !== first.nextPublicKey);
  assert.equal(third.publicKey, first.publicKey);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ensurePublicKey } from "../../../agent/network/key-file.ts";
import { ensureNextKey, removeNextKey } from "../../../agent/network/rotation/next-key.ts";
import { TUNNEL_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { CONFIG_FILE, setUpCheck } from "../../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../../fakes/samples.ts";

const DAY_MS = 24 * 60 * 60_000;

async function setUp(tunnel = "{}") {
  const world = setUpCheck();
  world.host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nnetwork: { tunnel: ${tunnel} }\n`);
  const said = async () => {
    const { outcome, evidence } = await world.find("tunnel-key");
    return `${outcome}: ${evidence}`;
  };
  return { ...world, said };
}

test("tunnel-key: a node without a tunnel has no key, and none is made", async () => {
  const { host, said } = await setUp();
  assert.match(await said(), /^ok: there is none/);
  assert.equal(host.files.peek(TUNNEL_KEY_FILE), undefined);
});

test("tunnel-key: its age is shown, and a key that should have changed a week ago fails", async () => {
  const { host, said } = await setUp();
  const key = await ensurePublicKey(host);
  await host.clock.advance(3 * DAY_MS);
  assert.equal(await said(), `ok: the key ${key} is 3 days old; it changes after 30`);
  await host.clock.advance(35 * DAY_MS);
  assert.match(await said(), /^fail: .* is 38 days old, and should have been changed after 30/);
});

test("tunnel-key: with 0 days it may have any age", async () => {
  const { host, said } = await setUp("{ keyRotationDays: 0 }");
  await ensurePublicKey(host);
  await host.clock.advance(400 * DAY_MS);
  assert.match(await said(), /^ok: .*keyRotationDays is 0/);
});

test("tunnel-key: a change that is under way is pending, and one that is stuck fails", async () => {
  const { host, said } = await setUp();
  await ensurePublicKey(host);
  await ensureNextKey(host);
  assert.match(await said(), /: the key is about to change/);
  await host.clock.advance(61 * 60_000);
  assert.match(await said(), /^fail: .*more than an hour/);
  await removeNextKey(host);
  assert.match(await said(), /^ok/);
});

test("tunnel-key: a key that another user can read fails", async () => {
  const { host, said } = await setUp();
  await ensurePublicKey(host);
  await host.files.setMode(TUNNEL_KEY_FILE, 0o644);
  assert.match(await said(), /^fail: .*mode 0644/);
});

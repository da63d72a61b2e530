import assert from "node:assert/strict";
import { test } from "node:test";
import { rotateKey } from "../../../agent/commands/tunnel-key/rotate.ts";
import { ensurePublicKey } from "../../../agent/network/key-file.ts";
import { adoptNextKey, removeNextKey } from "../../../agent/network/rotation/next-key.ts";
import { TUNNEL_NEXT_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { settle } from "../../fakes/memory-clock.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

test("a next key is made, and the command ends when the daemon has changed to it", async () => {
  const host = new MemoryHost();
  const old = await ensurePublicKey(host);
  const rotated = rotateKey(host);
  await settle();
  assert.equal(host.files.peek(TUNNEL_NEXT_KEY_FILE)?.mode, 0o600);
  await host.clock.advance(5000);
  await adoptNextKey(host);
  await host.clock.advance(1000);
  const key = await rotated;
  assert.notEqual(key, old);
  assert.equal(key, await ensurePublicKey(host));
});

test("a daemon that declines, one that does nothing, and a machine without a key are errors that say what to do", async () => {
  const host = new MemoryHost();
  await assert.rejects(rotateKey(host), { code: "tunnel-key-missing" });
  await ensurePublicKey(host);
  const declined = assert.rejects(rotateKey(host), { code: "tunnel-rotation-declined" });
  await settle();
  await removeNextKey(host);
  await host.clock.advance(1000);
  await declined;
  const late = assert.rejects(rotateKey(host), { code: "tunnel-rotation-late" });
  await host.clock.advance(91_000);
  await late;
  assert.ok(host.files.peek(TUNNEL_NEXT_KEY_FILE), "the change goes on");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ensurePublicKey, KeptKey, readPublicKey } from "../../agent/network/key-file.ts";
import { Secret } from "../../agent/secret.ts";
import { TUNNEL_KEY_FILE } from "../../agent/tunnel/names.ts";
import { publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("the key is made once, root's alone, and only its public half leaves", async () => {
  const host = new MemoryHost();
  assert.equal(await readPublicKey(host), undefined);
  const publicKey = await ensurePublicKey(host);
  const file = host.files.peek(TUNNEL_KEY_FILE);
  assert.deepEqual([file?.mode, file?.uid], [0o600, 0]);
  assert.equal(publicKeyOf(new Secret(file?.content.trim() ?? "")), publicKey);
  assert.equal(await ensurePublicKey(host), publicKey);
  assert.equal(await readPublicKey(host), publicKey);
});

const REFUSED: Readonly<Record<string, readonly [content: string, mode: number, uid: number, code: string]>> = {
  "an empty file": ["", 0o600, 0, "tunnel-key-invalid"],
  "half a key": ["4J3vxUhHbkmYWTWhXWgb0w", 0o600, 0, "tunnel-key-invalid"],
  "a public key in its place with more": [`${"A".repeat(43)}=\n[Peer]`, 0o600, 0, "tunnel-key-invalid"],
  "a file that others can read": [`${"A".repeat(43)}=`, 0o640, 0, "tunnel-key-exposed"],
  "a file of another user": [`${"A".repeat(43)}=`, 0o600, 1000, "tunnel-key-exposed"],
};

for (const [what, [content, mode, uid, code]] of Object.entries(REFUSED)) {
  test(`${what} is an error that does not quote it, and is never replaced`, async () => {
    const host = new MemoryHost();
    host.files.put(TUNNEL_KEY_FILE, content, { mode, uid });
    await assert.rejects(ensurePublicKey(host), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, code);
      if (content !== "") assert.ok(!error.message.includes(content));
      return true;
    });
    assert.equal(host.files.peek(TUNNEL_KEY_FILE)?.content, content);
  });
}

test("a folder in its place, and a file of a gigabyte, are errors too", async () => {
  const host = new MemoryHost();
  host.files.putFolder(TUNNEL_KEY_FILE);
  await assert.rejects(ensurePublicKey(host), { code: "tunnel-key-invalid" });
  const other = new MemoryHost();
  other.files.put(TUNNEL_KEY_FILE, "A".repeat(10_000), { mode: 0o600 });
  await assert.rejects(ensurePublicKey(other), { code: "file-unreadable" });
});

test("a key that is kept is read again when its file is another one, or others can read it", async () => {
  const host = new MemoryHost();
  const key = new KeptKey();
  const first = await key.ensure(host);
  const read = host.files.readWithStatus.bind(host.files);
  let reads = 0;
  host.files.readWithStatus = (...args) => {
    reads += 1;
    return read(...args);
  };
  for (let round = 0; round < 5; round += 1) assert.equal(await key.ensure(host), first);
  assert.equal(reads, 0);
  await host.files.remove(TUNNEL_KEY_FILE);
  await host.clock.advance(1000);
  const second = await key.ensure(host);
  assert.notEqual(second, first);
  assert.equal(second, await readPublicKey(host));
  const content = host.files.peek(TUNNEL_KEY_FILE)?.content ?? "";
  host.files.put(TUNNEL_KEY_FILE, content, { mode: 0o644 });
  await assert.rejects(key.ensure(host), { code: "tunnel-key-exposed" });
});

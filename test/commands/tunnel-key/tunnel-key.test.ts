import assert from "node:assert/strict";
import { test } from "node:test";
import { tunnelKeyCommand } from "../../../agent/commands/tunnel-key/tunnel-key.ts";
import { TUNNEL_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

test("the public key is printed, the same each time, and the private one is not", async () => {
  const host = new MemoryHost();
  const printed: string[] = [];
  for (let turn = 0; turn < 2; turn += 1)
    assert.equal(await tunnelKeyCommand(host, (text) => void printed.push(text)), 0);
  assert.match(printed[0] ?? "", /^[A-Za-z0-9+/]{43}=\n$/);
  assert.equal(printed[0], printed[1]);
  assert.equal(await tunnelKeyCommand(host, (text) => void printed.push(text), { output: "json" }), 0);
  assert.deepEqual(JSON.parse(printed[2] ?? ""), { publicKey: printed[0]?.trim() });
  assert.notEqual(printed[0], host.files.peek(TUNNEL_KEY_FILE)?.content);
});

test("a damaged key is an error, and stays", async () => {
  const host = new MemoryHost();
  host.files.put(TUNNEL_KEY_FILE, "garbage", { mode: 0o600 });
  await assert.rejects(
    tunnelKeyCommand(host, () => undefined),
    { code: "tunnel-key-invalid" },
  );
  assert.equal(host.files.peek(TUNNEL_KEY_FILE)?.content, "garbage");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptNextKeys } from "../../../agent/gateway/rotation/next-keys.ts";
import type { NodeEntry } from "../../../agent/tunnel/entries.ts";

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const peer = (node: string, byte: number) => ({
  ...{ node, publicKey: key(byte), address: `10.250.0.${byte}`, allowedIps: [`10.250.0.${byte}/32`] },
});
const PEERS = [peer("a", 1), peer("b", 2)];

function accept(said: Record<string, string>, { pinned = "", held = {} } = {}) {
  const nodes = new Map<string, NodeEntry>(
    ["a", "b"].map((node, index) => [
      node,
      { address: `10.250.0.${index}`, pods: [], ...(node === pinned ? { publicKey: key(1) } : {}) },
    ]),
  );
  const sources = { peers: PEERS, said: new Map(Object.entries(said)), map: { nodes }, ownKeys: [key(9)] };
  return Object.fromEntries(acceptNextKeys({ ...sources, held: new Map(Object.entries(held)) }));
}

test("each node may have a next key of its own", () => {
  assert.deepEqual(accept({ a: key(11), b: key(12) }), { a: key(11), b: key(12) });
});

test("a node takes no key of another: not the current one, not a next one, not one of a node that is away, not the gateway's", () => {
  assert.deepEqual(accept({ a: key(2) }), {});
  assert.deepEqual(accept({ a: key(11), b: key(11) }), { a: key(11) });
  assert.deepEqual(accept({ a: key(5) }, { held: { gone: key(5) } }), {});
  assert.deepEqual(accept({ a: key(9) }), {});
});

test("its own key, a text that is no key, and a node without an entry have no next key", () => {
  assert.deepEqual(accept({ a: key(1), b: "garbage", c: key(12) }), {});
});

test("a key that an administrator has pinned does not change by the node's word", () => {
  assert.deepEqual(accept({ a: key(11) }, { pinned: "a" }), {});
});

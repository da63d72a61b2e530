import assert from "node:assert/strict";
import { test } from "node:test";
import { KnownEndpoints } from "../../../agent/gateway/peers/known-endpoints.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";

const FILE = "/var/lib/eks-satellite-gateway/endpoints.json";
const [A, B] = ["a".repeat(43), "b".repeat(43)] as const;
const peer = (publicKey: string) => ({ publicKey, allowedIps: ["10.250.0.11/32"] });

function setUp() {
  const host = new MemoryHost();
  const { log, lines } = createMemoryLog();
  const open = async () => {
    const endpoints = new KnownEndpoints({ host, log, file: FILE });
    await endpoints.restore();
    return endpoints;
  };
  return { host, lines, open };
}

/** An interface with these endpoints. */
function seen(endpoints: Readonly<Record<string, string | undefined>>) {
  const peers = Object.entries(endpoints).map(([publicKey, endpoint]) => {
    const counted = { ...peer(publicKey), receivedBytes: 0, sentBytes: 0 };
    return [publicKey, endpoint === undefined ? counted : { ...counted, endpoint }] as const;
  });
  return { publicKey: "k", listenPort: 51820, peers: new Map(peers) };
}

test("a file that is damaged, hostile or missing locates no peer", async () => {
  const { host, open } = setUp();
  const tooLong = `{"${A}": "203.0.113.10:41000"}${" ".repeat(2 ** 20)}`;
  const texts = [
    tooLong,
    "",
    "{",
    "null",
    "[]",
    `{"${A}": 1}`,
    `{"${A}": "host.example:1\\nPostUp = x"}`,
    `{"${A}": "a:b:c"}`,
  ];
  for (const text of texts) {
    host.files.put(FILE, text);
    assert.deepEqual((await open()).locate(peer(A), seen({})), peer(A), text);
  }
  host.files.put(FILE, `{"${A}": "203.0.113.10:41000"}`);
  assert.equal((await open()).locate(peer(A), seen({ [A]: undefined })).endpoint, "203.0.113.10:41000");
});

test("it is written at once for a satellite that is new, and each 10 s at most for others", async () => {
  const { host, open } = setUp();
  const endpoints = await open();
  const written = () => JSON.parse(host.files.peek(FILE)?.content ?? "null");
  await endpoints.note(seen({ [A]: undefined }), [peer(A), peer(B)]);
  assert.equal(written(), null, "nothing is known");
  await endpoints.note(seen({ [A]: "203.0.113.10:1" }), [peer(A), peer(B)]);
  assert.deepEqual(written(), { [A]: "203.0.113.10:1" });
  await endpoints.note(seen({ [A]: "203.0.113.10:2" }), [peer(A), peer(B)]);
  assert.deepEqual(written(), { [A]: "203.0.113.10:1" });
  await host.clock.advance(10_000);
  await endpoints.note(seen({ [A]: "203.0.113.10:2" }), [peer(A), peer(B)]);
  assert.deepEqual(written(), { [A]: "203.0.113.10:2" });
  await endpoints.note(seen({ [A]: "203.0.113.10:3", [B]: "203.0.113.11:1" }), [peer(A), peer(B)]);
  assert.deepEqual(written(), { [A]: "203.0.113.10:3", [B]: "203.0.113.11:1" });
  await endpoints.note(seen({}), [peer(A)]);
  assert.equal(Object.keys(written()).length, 2);
  await host.clock.advance(10_000);
  await endpoints.note(seen({}), [peer(A)]);
  assert.deepEqual(
    written(),
    { [A]: "203.0.113.10:3" },
    "an interface that is new knows no endpoint; B has no entry any more",
  );
});

test("a disk that takes nothing is one line a minute, and no more", async () => {
  const { host, lines, open } = setUp();
  const endpoints = await open();
  host.files.refuseWrites(FILE, "ENOSPC");
  await endpoints.note(seen({ [A]: "203.0.113.10:1" }), [peer(A)]);
  await endpoints.note(seen({ [A]: "203.0.113.10:1" }), [peer(A)]);
  await host.clock.advance(59_000);
  await endpoints.note(seen({ [A]: "203.0.113.10:1" }), [peer(A)]);
  assert.equal(lines.length, 1);
  await host.clock.advance(1000);
  await endpoints.note(seen({ [A]: "203.0.113.10:1" }), [peer(A)]);
  assert.equal(lines.length, 2);
  assert.equal(endpoints.locate(peer(A), seen({})).endpoint, "203.0.113.10:1");
});

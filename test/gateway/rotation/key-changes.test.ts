import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyChanges } from "../../../agent/gateway/rotation/key-changes.ts";
import type { SeenWireguard } from "../../../agent/tunnel/wireguard-config.ts";
import { MemoryClock } from "../../fakes/memory-clock.ts";

const PEER = { node: "a", publicKey: "OLD", address: "10.250.0.11", allowedIps: ["10.250.0.11/32"] };
const NEXT = new Map([["a", "NEW"]]);

function seen(handshakes: Readonly<Record<string, number>>): SeenWireguard {
  const peers = Object.entries(handshakes).map(
    ([publicKey, handshakeSeconds]) =>
      [publicKey, { publicKey, allowedIps: [], receivedBytes: 0, sentBytes: 0, handshakeSeconds }] as const,
  );
  return { publicKey: "GW", listenPort: 51820, peers: new Map(peers) };
}

function setUp() {
  const clock = new MemoryClock();
  const changes = new KeyChanges(clock);
  const keys = (
    handshakes: Readonly<Record<string, number>> = {},
    next: ReadonlyMap<string, string> = NEXT,
    said = "OLD",
  ) => {
    const [peer] = changes.choose([{ ...PEER, publicKey: said }], next, seen(handshakes));
    return `${peer?.publicKey} ${peer?.spareKey ?? "-"}`;
  };
  return { clock, changes, keys };
}

test("without a next key there is one peer, and nothing to attend to", () => {
  const { changes, keys } = setUp();
  assert.equal(keys({}, new Map()), "OLD -");
  assert.equal(changes.isAttentive, false);
});

test("a next key is a peer without addresses until it shakes hands; a change that went by without a word is followed so", () => {
  const { changes, keys } = setUp();
  assert.equal(keys({ OLD: 100 }), "OLD NEW");
  assert.ok(changes.isAttentive);
  assert.equal(keys({ OLD: 100, NEW: 101 }), "NEW OLD");
  assert.equal(keys({ OLD: 101, NEW: 101 }), "NEW OLD", "in one second neither is the later");
  assert.equal(keys({ OLD: 130, NEW: 101 }), "OLD NEW", "a satellite that has its old key again");
});

test("with consent the next key is no peer until it has the addresses, and they stay with it while it settles", async () => {
  const { clock, changes, keys } = setUp();
  keys({ OLD: 100 });
  changes.consent("a", "OLD", "NEW");
  assert.equal(keys({ OLD: 100 }), "OLD -");
  await clock.advance(500);
  assert.ok(changes.move("a", "NEW"));
  assert.equal(keys({ OLD: 100 }), "NEW OLD");
  await clock.advance(10_000);
  assert.equal(keys({ OLD: 100, NEW: 101 }), "NEW OLD");
});

test("a Node that says the new key at once does not cut the change short", async () => {
  const { clock, changes, keys } = setUp();
  keys({ OLD: 100 });
  changes.consent("a", "OLD", "NEW");
  assert.equal(keys({ OLD: 100 }, new Map(), "NEW"), "OLD -");
  await clock.advance(500);
  assert.ok(changes.move("a", "NEW"));
  assert.equal(keys({ OLD: 100 }, new Map(), "NEW"), "NEW OLD");
  await clock.advance(10_000);
  assert.equal(keys({ OLD: 100, NEW: 101 }, new Map(), "NEW"), "NEW -");
});

test("a satellite whose power was cut after the consent has its addresses again, under the key that it shakes hands with", async () => {
  const { clock, changes, keys } = setUp();
  keys({ OLD: 100 });
  changes.consent("a", "OLD", "NEW");
  assert.ok(changes.move("a", "NEW"));
  await clock.advance(10_000);
  assert.equal(keys({ OLD: 100 }), "OLD NEW");
});

test("an annotation that goes, or becomes another, ends the change", async () => {
  const { clock, changes, keys } = setUp();
  keys();
  changes.consent("a", "OLD", "NEW");
  assert.equal(keys({}, new Map()), "OLD -");
  assert.equal(changes.move("a", "NEW"), false);
  assert.equal(changes.nextOf("a"), undefined);
  keys();
  await clock.advance(11 * 60_000);
  assert.equal(changes.isAttentive, false, "a next key that stays costs no look each second");
});

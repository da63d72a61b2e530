import assert from "node:assert/strict";
import { test } from "node:test";
import { hasSession, readPeer } from "../../../agent/network/watch/wireguard-peer.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { dumpOf, GATEWAY_KEY, OWN_KEY, PRIVATE_KEY, samplePeer } from "./samples.ts";

test("a peer is read by its key, without any private key", async () => {
  const host = new MemoryHost();
  host.install("wg", () => ({ stdout: dumpOf({ handshakeSeconds: 1_767_323_045 }) }));
  const peer = await readPeer(host, "es0", GATEWAY_KEY);
  assert.deepEqual(peer, {
    ...{ ownKey: OWN_KEY, handshakeMs: 1_767_323_045_000 },
    ...{ receivedBytes: 92, sentBytes: 1480 },
  });
  assert.ok(!JSON.stringify(peer).includes(PRIVATE_KEY));
  assert.equal(await readPeer(host, "es0", OWN_KEY), undefined, "another peer's");
});

test("an interface that is missing, a machine without wg, and text that is none of wg's have no peer", async () => {
  const host = new MemoryHost();
  assert.equal(await readPeer(host, "es0", GATEWAY_KEY), undefined);
  host.install("wg", () => ({ exitCode: 1, stderr: "Unable to access interface: No such device" }));
  assert.equal(await readPeer(host, "es0", GATEWAY_KEY), undefined);
  host.install("wg", () => ({ stdout: "Usage: wg" }));
  assert.equal(await readPeer(host, "es0", GATEWAY_KEY), undefined);
});

test("a session lasts three minutes from its handshake, and there is none before the first", () => {
  const nowMs = 1_767_323_045_000;
  const ageOf = (milliseconds: number) => hasSession(samplePeer({ handshakeMs: nowMs - milliseconds }), nowMs);
  assert.deepEqual([ageOf(0), ageOf(179_000), ageOf(181_000)], [true, true, false]);
  assert.deepEqual([hasSession(samplePeer(), nowMs), hasSession(undefined, nowMs)], [false, false]);
});

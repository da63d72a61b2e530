import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePeer, readPeer } from "../../../agent/network/watch/wireguard-peer.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { GATEWAY_KEY, OWN_KEY } from "./samples.ts";

const PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const dump = (handshake: number | string) =>
  [
    `${PRIVATE}\t${OWN_KEY}\t41414\toff`,
    `b3RoZXItcHVibGljLWtleS1vZi0zMi1ieXRlcy4uLi4=\t(none)\t(none)\t(none)\t0\t0\t0\toff`,
    `${GATEWAY_KEY}\t(none)\t198.51.100.5:51820\t10.20.0.0/16,10.100.0.0/16\t${handshake}\t92\t1480\t15`,
    "",
  ].join("\n");

test("a peer is read by its key, without any private key", () => {
  const peer = parsePeer(dump(1_767_323_045), GATEWAY_KEY);
  assert.deepEqual(peer, {
    ownKey: OWN_KEY,
    handshakeMs: 1_767_323_045_000,
    receivedBytes: 92,
    sentBytes: 1480,
  });
  assert.ok(!JSON.stringify(peer).includes(PRIVATE));
});

test("before the first handshake there is no time of it", () => {
  assert.equal(parsePeer(dump(0), GATEWAY_KEY)?.handshakeMs, undefined);
});

test("another peer, no peer, and text that is none of wg's are no state", () => {
  assert.equal(parsePeer(dump(0), OWN_KEY), undefined);
  for (const text of ["", "\n", PRIVATE, `${PRIVATE}\t${OWN_KEY}\t1\toff\n${GATEWAY_KEY}\tx`, dump("soon"), dump(1e30)])
    assert.equal(parsePeer(text, GATEWAY_KEY), undefined, text);
});

test("an interface that is missing, and a machine without wg, have no peer", async () => {
  const host = new MemoryHost();
  assert.equal(await readPeer(host, "es0", GATEWAY_KEY), undefined);
  host.install("wg", () => ({ exitCode: 1, stderr: "Unable to access interface: No such device" }));
  assert.equal(await readPeer(host, "es0", GATEWAY_KEY), undefined);
  host.install("wg", () => ({ stdout: dump(0) }));
  assert.equal((await readPeer(host, "es0", GATEWAY_KEY))?.sentBytes, 1480);
});

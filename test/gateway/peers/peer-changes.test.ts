import assert from "node:assert/strict";
import { test } from "node:test";
import { planPeerChanges } from "../../../agent/gateway/peers/peer-changes.ts";
import type { SeenWireguard, WireguardPeer } from "../../../agent/tunnel/wireguard-config.ts";

const peer = (publicKey: string, ...allowedIps: readonly string[]): WireguardPeer => ({ publicKey, allowedIps });

function seen(...peers: readonly WireguardPeer[]): SeenWireguard {
  const counted = peers.map((each) => [each.publicKey, { ...each, receivedBytes: 1, sentBytes: 1 }] as const);
  return { publicKey: "gateway", listenPort: 51820, peers: new Map(counted) };
}

test("a peer that stays as it is is not named, in whatever order its networks come", () => {
  const there = peer("a", "10.250.0.11/32", "10.250.16.0/25");
  assert.deepEqual(planPeerChanges(seen(there), [peer("a", "10.250.16.0/25", "10.250.0.11/32")]), []);
  assert.deepEqual(planPeerChanges(seen(there), [there, peer("b", "10.250.0.12/32")]), [
    ...["peer", "b", "allowed-ips", "10.250.0.12/32"],
  ]);
  assert.deepEqual(planPeerChanges(seen(there, peer("b", "10.250.0.12/32")), [there]), ["peer", "b", "remove"]);
});

test("an address that goes to another key, a key without addresses, and a peer that is called", () => {
  const before = seen(peer("old", "10.250.0.11/32"), peer("next"));
  assert.deepEqual(planPeerChanges(before, [peer("next", "10.250.0.11/32"), peer("old")]), [
    ...["peer", "next", "allowed-ips", "10.250.0.11/32"],
    ...["peer", "old", "allowed-ips", ""],
  ]);
  const called = { ...peer("c", "10.250.0.13/32"), endpoint: "203.0.113.10:41000", keepaliveSeconds: 25 };
  assert.deepEqual(planPeerChanges(seen(), [called]), [
    ...["peer", "c", "endpoint", "203.0.113.10:41000", "persistent-keepalive", "25", "allowed-ips", "10.250.0.13/32"],
  ]);
});

test("what no command line takes is left to a file", () => {
  const many = Array.from({ length: 251 }, (_, index) => peer(`p${index}`, `10.250.${index}.1/32`));
  assert.equal(planPeerChanges(seen(), many), undefined);
  assert.equal(planPeerChanges(seen(...many), []), undefined);
  assert.equal(planPeerChanges(seen(...many), many.slice(1))?.length, 3);
});

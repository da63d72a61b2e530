import assert from "node:assert/strict";
import { test } from "node:test";
import { endSpeaking, removePeer, switchPeer } from "../../../agent/gateway/rotation/peer-switch.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const SWITCH = { from: "OLD", to: "NEW", allowedIps: ["10.250.0.11/32", "10.250.16.0/24"] };

test("the addresses change hands in one command, with the place where the node was seen", async () => {
  const host = new MemoryHost();
  host.install("wg", () => ({}));
  await switchPeer(host, { ...SWITCH, endpoint: "203.0.113.10:41000" });
  await switchPeer(host, { ...SWITCH, endpoint: undefined });
  await endSpeaking(host, "NEW");
  await removePeer(host, "NEW");
  const speak = "allowed-ips 10.250.0.11/32,10.250.16.0/24 persistent-keepalive 5";
  assert.deepEqual(host.commands, [
    `wg set esgw0 peer OLD allowed-ips  peer NEW endpoint 203.0.113.10:41000 ${speak}`,
    `wg set esgw0 peer OLD allowed-ips  peer NEW ${speak}`,
    "wg set esgw0 peer NEW persistent-keepalive off",
    "wg set esgw0 peer NEW remove",
  ]);
});

test("wg's refusal is an error", async () => {
  const host = new MemoryHost();
  host.install("wg", () => ({ exitCode: 1, stderr: "Invalid argument\n" }));
  await assert.rejects(switchPeer(host, { ...SWITCH, endpoint: undefined }), { code: "wireguard-failed" });
});

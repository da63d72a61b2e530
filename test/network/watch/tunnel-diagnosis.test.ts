import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnoseTunnel } from "../../../agent/network/watch/tunnel-diagnosis.ts";
import type { TunnelObservation } from "../../../agent/network/watch/watched-tunnel.ts";
import { KNOWN, OUTDATED, OWN_KEY, sampleHealth, samplePeer, sampleTunnel, silentTunnel, tunnelTo } from "./samples.ts";

/** What is observed, and the cause that it has. */
const TABLE: readonly (readonly [string, Partial<TunnelObservation>, reason: string, says: RegExp])[] = [
  ["nothing is set up", { peer: undefined }, "InterfaceMissing", /interface es0/],
  [
    "nothing is set up, and the gateway accepts no key",
    { peer: undefined, tunnel: tunnelTo({ peers: {} }) },
    "InterfaceMissing",
    /es0/,
  ],
  [
    "the gateway accepts no key of this node",
    { tunnel: tunnelTo({ peers: {} }) },
    "KeyUnknown",
    /accepts no key for node gpu-1/,
  ],
  ["the gateway accepts an older key", { tunnel: tunnelTo({ peers: OUTDATED }) }, "KeyUnknown", /another key/],
  [
    "the gateway answered before its entry lost the key",
    { tunnel: tunnelTo({ peers: {} }), hasAnswered: true },
    "KeyUnknown",
    new RegExp(OWN_KEY.replaceAll("+", "\\+")),
  ],
  ["nothing listens on the port", { answer: { kind: "refused" } }, "GatewayNotRunning", /10\.20\.1\.5:51821/],
  ["another program answers", { answer: { kind: "foreign" } }, "GatewayForeign", /10\.20\.1\.5:51821/],
  ["a handshake, and silence", { isHandshaken: true }, "GatewaySilent", /shakes hands/],
  ["it answered before", { hasAnswered: true }, "GatewayAway", /1480 bytes sent, 0 received/],
  [
    "it answered before, and knows the key",
    { hasAnswered: true, tunnel: tunnelTo({ peers: KNOWN }) },
    "GatewayAway",
    /no longer/,
  ],
  ["it knows the key", { tunnel: tunnelTo({ peers: KNOWN }) }, "UdpBlocked", /knows this machine's key/],
  ["nothing is known", {}, "HandshakeMissing", /answered no handshake \(1480 bytes sent, 0 received\)/],
];

for (const [name, changes, reason, says] of TABLE)
  test(`${name}: ${reason}`, () => {
    const report = diagnoseTunnel(silentTunnel(changes));
    assert.deepEqual([report.status, report.reason], ["False", reason]);
    assert.match(report.message, says);
    assert.ok(report.hint !== undefined && report.hint.length > 20);
  });

test("a gateway that answers is well, whatever WireGuard's counters and the gateway's entry say", () => {
  for (const tunnel of [tunnelTo({ peers: {} }), sampleTunnel()])
    for (const peer of [undefined, samplePeer()]) {
      const answer = { kind: "answered", health: sampleHealth(), latencyMs: 12 } as const;
      const report = diagnoseTunnel(silentTunnel({ tunnel, peer, answer }));
      assert.deepEqual([report.status, report.reason], ["True", "GatewayAnswers"]);
    }
});

test("a gateway's name cannot forge a line or flood the journal", () => {
  const health = sampleHealth({ gateway: `${"x".repeat(200)}\u001b[2J` });
  const { message } = diagnoseTunnel(silentTunnel({ answer: { kind: "answered", health, latencyMs: 1 } }));
  assert.ok(message.length < 220);
  assert.doesNotMatch(message, /\p{Cc}/u);
});

test("a tunnel without a gateway that stands by is up, and says what the next failure would end", () => {
  const silent = { name: "gateway-1", endpoint: "198.51.100.5:51820", hasFailed: true };
  const answer = { kind: "answered", health: sampleHealth(), latencyMs: 1 } as const;
  const failedOver = diagnoseTunnel(silentTunnel({ answer, silent }));
  assert.deepEqual([failedOver.status, failedOver.reason], ["True", "GatewayFailedOver"]);
  assert.match(failedOver.message, /in place of gateway-1 at 198\.51\.100\.5:51820, which no longer answers/);
  assert.match(failedOver.hint ?? "", /gateway check/);
  assert.equal(
    diagnoseTunnel(silentTunnel({ answer, silent: { ...silent, hasFailed: false } })).reason,
    "StandbySilent",
  );
  assert.equal(diagnoseTunnel(silentTunnel({ answer })).reason, "GatewayAnswers");
});

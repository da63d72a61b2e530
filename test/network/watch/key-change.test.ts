import assert from "node:assert/strict";
import { test } from "node:test";
import { GATEWAY_KEY, sampleHealth } from "./samples.ts";
import { createWatchedMachine } from "./watched-machine.ts";

test("a change that the gateway announces is handed on with the key in force", async () => {
  const { far, watch, events, host } = createWatchedMachine();
  await watch.round();
  assert.ok(!events.some(({ kind }) => kind === "gateway-key-announced"));
  far.health = sampleHealth({ keyChange: { publicKey: GATEWAY_KEY, inMs: 90_000 } });
  await host.clock.advance(61_000);
  await watch.round();
  await watch.round();
  assert.deepEqual(
    events.find(({ kind }) => kind === "gateway-key-announced"),
    { kind: "gateway-key-announced", from: GATEWAY_KEY, change: { publicKey: GATEWAY_KEY, inMs: 90_000 } },
  );
});

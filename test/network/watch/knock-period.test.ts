import assert from "node:assert/strict";
import { test } from "node:test";
import { startWatchedMachine } from "./watched-machine.ts";

test("while all is well there is a knock every 5 s, a question every minute, TLS and a process once in ten minutes", async (context) => {
  const { host, state, outcome } = await startWatchedMachine(context);
  assert.deepEqual([outcome("TunnelUp"), outcome("ControlPlaneRoute")], ["True GatewayAnswers", "True Reachable"]);
  await host.clock.advance(300_000);
  assert.deepEqual([state.knocks, state.asked, state.tls, state.restarts.length], [61, 5, 1, 0]);
  assert.equal(host.commands.length, 1);
  await host.clock.advance(310_000);
  assert.deepEqual([state.tls, host.commands.length], [2, 2]);
});

test("the peer of a gateway that has restarted and does not call is set anew within 7.5 s, whenever it happens, and nothing is reported", async (context) => {
  for (let phaseMs = 0; phaseMs < 5000; phaseMs += 200) {
    const { host, far, state, board, watch, lines } = await startWatchedMachine(context);
    await host.clock.advance(30_000 + phaseMs);
    const atMs = host.clock.monotonic();
    far.link = "until-restart";
    await host.clock.advance(10_000);
    assert.equal(far.link, "up");
    const [restartedMs = Number.POSITIVE_INFINITY] = state.restarts;
    assert.ok(restartedMs - atMs < 7400, `after ${restartedMs - atMs} ms, at phase ${phaseMs}`);
    assert.equal(state.restarts.length, 1);
    assert.deepEqual([board.get("TunnelUp").status, board.get("TunnelUp").pending], ["True", undefined]);
    assert.equal(watch.status().tunnel?.peerRestarts, 1);
    assert.equal(lines.filter(({ level }) => level === "warn").length, 0);
  }
});

test("the next knock comes soon after one that nothing answered, and after a route that is not well", async (context) => {
  const { host, far, watch } = await startWatchedMachine(context);
  assert.equal(watch.periodSeconds(), 5);
  far.isApiServerSilent = true;
  await host.clock.advance(70_000);
  assert.equal(watch.periodSeconds(), 2.5);
  far.isApiServerSilent = false;
  await host.clock.advance(20_000);
  assert.equal(watch.periodSeconds(), 5);
  far.link = "down";
  await host.clock.advance(10_000);
  assert.equal(watch.periodSeconds(), 2.5);
});

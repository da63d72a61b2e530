import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleHealth } from "./samples.ts";
import { startWatchedMachine } from "./watched-machine.ts";

test("while all is well there is a knock every 10 s, a connection a minute, a question, TLS and a process once in ten minutes", async (context) => {
  const { host, state, outcome } = await startWatchedMachine(context);
  assert.deepEqual([outcome("TunnelUp"), outcome("ControlPlaneRoute")], ["True GatewayAnswers", "True Reachable"]);
  await host.clock.advance(300_000);
  assert.deepEqual([state.knocks, state.asked, state.connections, state.tls, state.restarts.length], [31, 1, 4, 1, 0]);
  assert.equal(host.commands.length, 1);
  await host.clock.advance(310_000);
  assert.deepEqual([state.asked, state.tls, host.commands.length], [2, 2, 2]);
});

test("a gateway of an earlier version, whose knocks say nothing of its health, is asked every minute", async (context) => {
  const { host, state, far, outcome } = await startWatchedMachine(context, { isEarlierGateway: true });
  await host.clock.advance(300_000);
  assert.deepEqual([state.knocks, state.asked, state.tls], [31, 5, 1]);
  far.health = sampleHealth({ you: { address: "10.250.0.11", node: "gpu-1", kubelet: "silent" } });
  await host.clock.advance(80_000);
  assert.equal(outcome("ControlPlaneRoute"), "False KubeletUnreachable");
});

test("what the gateway says is another thing: the next knock tells, and it is asked once for each change", async (context) => {
  const { host, state, far, outcome } = await startWatchedMachine(context);
  await host.clock.advance(30_000);
  const before = state.asked;
  far.health = sampleHealth({ gateway: "another" });
  await host.clock.advance(10_000);
  assert.equal(state.asked, before + 1);
  far.health = sampleHealth({ you: { address: "10.250.0.11", node: "gpu-1", kubelet: "silent" } });
  await host.clock.advance(25_000);
  assert.equal(outcome("ControlPlaneRoute"), "False KubeletUnreachable");
});

test("the peer of a gateway that has restarted and does not call is set anew within 12.5 s, whenever it happens, and nothing is reported", async (context) => {
  for (let phaseMs = 0; phaseMs < 10_000; phaseMs += 200) {
    const { host, far, state, board, watch, lines } = await startWatchedMachine(context);
    await host.clock.advance(30_000 + phaseMs);
    const atMs = host.clock.monotonic();
    far.link = "until-restart";
    await host.clock.advance(15_000);
    assert.equal(far.link, "up");
    const [restartedMs = Number.POSITIVE_INFINITY] = state.restarts;
    assert.ok(restartedMs - atMs < 12_400, `after ${restartedMs - atMs} ms, at phase ${phaseMs}`);
    assert.equal(state.restarts.length, 1);
    assert.deepEqual([board.get("TunnelUp").status, board.get("TunnelUp").pending], ["True", undefined]);
    assert.equal(watch.status().tunnel?.peerRestarts, 1);
    assert.equal(lines.filter(({ level }) => level === "warn").length, 0);
  }
});

test("the next knock comes soon after one that nothing answered, and after a route that is not well", async (context) => {
  const { host, far, watch } = await startWatchedMachine(context);
  assert.equal(watch.periodSeconds(), 10);
  far.isApiServerSilent = true;
  await host.clock.advance(70_000);
  assert.equal(watch.periodSeconds(), 2.5);
  far.isApiServerSilent = false;
  await host.clock.advance(20_000);
  assert.equal(watch.periodSeconds(), 10);
  far.link = "down";
  await host.clock.advance(10_000);
  assert.equal(watch.periodSeconds(), 2.5);
});

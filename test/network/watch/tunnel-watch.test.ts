import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import { sampleHealth, sampleTunnel, tunnelTo } from "./samples.ts";
import { createWatchedMachine, startWatchedMachine } from "./watched-machine.ts";

test("one knock that is lost sets no peer anew", async (context) => {
  const { host, state, far, watch } = await startWatchedMachine(context);
  const { onReach } = host;
  let lost = 1;
  host.onReach = async (address, port) => {
    if (lost === 0) return onReach(address, port);
    lost -= 1;
    await host.clock.sleep(1000);
    return "silent";
  };
  await host.clock.advance(10_000);
  assert.deepEqual([state.restarts.length, watch.status().tunnel?.misses, far.link], [0, 1, "up"]);
});

test("a dead gateway is reported after its hold time, costs a knock a round, and its peer is set anew less and less often", async (context) => {
  const { host, state, far, outcome, board } = await startWatchedMachine(context);
  await host.clock.advance(10_000);
  far.link = "down";
  const began = state.knocks;
  await host.clock.advance(20_000);
  assert.equal(outcome("TunnelUp"), "False GatewayAway");
  assert.equal(board.get("TunnelUp").message.includes("198.51.100.5:51820"), true);
  await host.clock.advance(3_580_000);
  assert.ok(state.restarts.length > 10 && state.restarts.length < 75, `${state.restarts.length} restarts`);
  assert.ok(state.knocks - began < 1700, `${state.knocks - began} knocks`);
  const [one = 0, other = 0] = state.restarts.slice(-2);
  assert.ok(other - one >= 48_000 && other - one <= 65_000, `${other - one} ms`);
  assert.ok(host.commands.length < 400, `${host.commands.length} commands`);
  far.link = "up";
  await host.clock.advance(2500);
  assert.equal(outcome("TunnelUp"), "True GatewayAnswers");
  assert.equal(outcome("ControlPlaneRoute"), "True Reachable");
});

test("a dead gateway is one warning, and neither NodeReady nor kubelet hear of it", async (context) => {
  const { host, far, lines, board } = await startWatchedMachine(context);
  far.link = "down";
  await host.clock.advance(120_000);
  const warnings = lines
    .filter(({ level }) => level === "warn")
    .map(({ condition, reason }) => `${condition} ${reason}`);
  assert.deepEqual(warnings, ["TunnelUp GatewayAway"]);
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["TunnelUp"],
  );
  assert.equal(board.get("ControlPlaneRoute").reason, "NotAsked");
  assert.equal(board.get("TunnelUp").isCritical, false);
});

test("a gateway that does not know the key of a new Node yet is waited for, and reported when it never does", async (context) => {
  const { host, state, far, board, outcome } = await startWatchedMachine(context);
  state.tunnel = tunnelTo({ peers: {} });
  far.link = "down";
  await host.clock.advance(300_000);
  assert.equal(outcome("TunnelUp"), "Unknown Connecting");
  board.setTrue("NodeReady", "KubeletReady", "it is");
  await host.clock.advance(80_000);
  assert.equal(outcome("TunnelUp"), "Unknown Connecting");
  await host.clock.advance(30_000);
  assert.equal(outcome("TunnelUp"), "False KeyUnknown");
});

test("a service that is stopped on the gateway is not a reason to set the peer anew", async (context) => {
  const { host, far, state, outcome } = await startWatchedMachine(context);
  far.isRefusing = true;
  await host.clock.advance(20_000);
  assert.deepEqual([outcome("TunnelUp"), state.restarts.length], ["False GatewayNotRunning", 0]);
  far.isRefusing = false;
  await host.clock.advance(2500);
  assert.equal(outcome("TunnelUp"), "True GatewayAnswers");
});

test("an API server that falls silent is reported within 80 seconds, and its return within ten seconds", async (context) => {
  const { host, far, outcome } = await startWatchedMachine(context);
  far.isApiServerSilent = true;
  await host.clock.advance(80_000);
  assert.deepEqual(
    [outcome("TunnelUp"), outcome("ControlPlaneRoute")],
    ["True GatewayAnswers", "False ApiServerSilent"],
  );
  far.isApiServerSilent = false;
  await host.clock.advance(12_500);
  assert.equal(outcome("ControlPlaneRoute"), "True Reachable");
});

test("a foreign API server is found by TLS within ten minutes, and asked so until it is right", async (context) => {
  const { host, state, outcome } = await startWatchedMachine(context);
  const { onFetch } = host;
  host.onFetch = (request) => {
    if (request.url.endsWith("/livez")) {
      state.tls += 1;
      throw Object.assign(new Error("foreign"), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
    }
    return onFetch(request);
  };
  await host.clock.advance(620_000);
  assert.match(outcome("ControlPlaneRoute"), /^False /);
  host.onFetch = onFetch;
  await host.clock.advance(12_500);
  assert.equal(outcome("ControlPlaneRoute"), "True Reachable");
});

test("the gateway's word that it does not reach kubelet names this machine's firewall", async (context) => {
  const { host, far, outcome } = await startWatchedMachine(context);
  far.health = sampleHealth({ you: { address: "10.250.0.11", node: "gpu-1", kubelet: "silent" } });
  await host.clock.advance(80_000);
  assert.equal(outcome("ControlPlaneRoute"), "False KubeletUnreachable");
});

test("a gateway answers what it knew when it was asked last: while something is wrong, the answer that counts is that of a second later", async (context) => {
  // One whose knocks say that its answer is another one is asked then.
  const { host, far, outcome } = await startWatchedMachine(context, { isEarlierGateway: true });
  const { onFetch } = host;
  const of = (kubelet: "ok" | "silent") => sampleHealth({ you: { address: "10.250.0.11", node: "gpu-1", kubelet } });
  let [known, found] = [of("ok"), of("silent")];
  host.onFetch = (request) => {
    far.health = known;
    if (request.url.endsWith("/healthz")) known = found;
    return onFetch(request);
  };
  await host.clock.advance(150_000);
  assert.equal(outcome("ControlPlaneRoute"), "False KubeletUnreachable");
  found = of("ok");
  await host.clock.advance(12_500);
  assert.equal(outcome("ControlPlaneRoute"), "True Reachable");
});

test("while the cluster's remote networks are what is wrong it is described again each minute", async (context) => {
  const { host, state, events } = await startWatchedMachine(context);
  assert.deepEqual(events, []);
  state.tunnel = sampleTunnel({ address: "10.99.0.11" });
  await host.clock.advance(250_000);
  assert.deepEqual(new Set(events.map(({ kind }) => kind)), new Set(["remote-networks-doubted"]));
  assert.ok(events.length >= 3 && events.length <= 5, `${events.length} times`);
});

test("remote networks that lack the node's address are the reason, without a word from any gateway", async (context) => {
  const { host, state, far, outcome } = await startWatchedMachine(context);
  far.link = "down";
  state.tunnel = sampleTunnel({ address: "10.99.0.11" });
  await host.clock.advance(60_000);
  assert.equal(outcome("ControlPlaneRoute"), "False RemoteNetworkMissing");
});

test("a gateway with another key has another history", async (context) => {
  const { host, state, far, outcome } = await startWatchedMachine(context);
  far.link = "down";
  state.tunnel = tunnelTo({ publicKey: "b3RoZXItcHVibGljLWtleS1vZi0zMi1ieXRlcy4uLi4=" });
  await host.clock.advance(30_000);
  assert.equal(outcome("TunnelUp"), "False InterfaceMissing", "wg does not know it yet");
});

test("a peer that cannot be set anew ends no round", async (context) => {
  const { host, far, outcome, loop } = await startWatchedMachine(context);
  host.uninstall("wg");
  far.link = "down";
  await host.clock.advance(60_000);
  assert.deepEqual([outcome("TunnelUp"), loop.failures], ["False InterfaceMissing", 0]);
});

test("without a tunnel nothing runs and no timer waits; once there is one it is watched at once", async (context) => {
  const { host, state, events, watch, loop, outcome } = createWatchedMachine();
  const stop = new AbortController();
  context.after(() => stop.abort());
  state.tunnel = undefined;
  loop.schedule(stop.signal);
  watch.judge();
  await host.clock.advance(3_600_000);
  assert.deepEqual([outcome("TunnelUp"), outcome("ControlPlaneRoute")], ["True NotUsed", "True NotUsed"]);
  assert.deepEqual([state.knocks, loop.rounds, host.commands, events], [0, 0, [], []]);
  assert.deepEqual(watch.status(), {});
  state.tunnel = sampleTunnel();
  watch.judge();
  assert.deepEqual(events, [{ kind: "tunnel-planned" }]);
  await loop.trigger();
  watch.judge();
  assert.deepEqual([outcome("TunnelUp"), events.length], ["True GatewayAnswers", 1]);
  state.tunnel = undefined;
  await host.clock.advance(60_000);
  watch.judge();
  assert.equal(outcome("TunnelUp"), "True NotUsed");
});

test("a tunnel that is wanted and may not be set is not taken for none; before it is known nothing is said", () => {
  const { watch, state, board, outcome } = createWatchedMachine();
  state.tunnel = undefined;
  board.setUnknown("TunnelConfigured", "NotAsked", "not yet");
  watch.judge();
  assert.equal(outcome("TunnelUp"), "Unknown Starting");
  board.setFailed("TunnelConfigured", new SatelliteError("address-conflict", "both have 10.20.0.0/16"));
  watch.judge();
  assert.deepEqual([outcome("TunnelUp"), outcome("ControlPlaneRoute")], ["Unknown NotAsked", "Unknown NotAsked"]);
});

test("with a VPN of the user's the way in is not proven, and that is no failure", () => {
  const off = "node: { ip: 10.250.0.9 }\nnetwork: { tunnel: { mode: off } }";
  for (const [config, expected] of [
    [off, "Unknown NotProven"],
    ["network: { tunnel: { mode: off } }", "True NotUsed"],
    [off.replace("10.250", "10.99"), "True NotUsed"],
    ["node: { ip: 10.250.0.9 }", "True NotUsed"],
  ] as const) {
    const { watch, state, outcome } = createWatchedMachine({ config });
    state.tunnel = undefined;
    watch.judge();
    assert.equal(outcome("ControlPlaneRoute"), expected, config);
  }
});

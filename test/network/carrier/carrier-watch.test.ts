import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { WantedTunnel } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { createPair, FIRST, planFor, routeTable, SECOND } from "./two-gateways.ts";

/** Two gateways that are asked from now on. */
async function start(context: TestContext, changes: Partial<WantedTunnel> = {}) {
  const pair = await createPair(changes);
  const stop = new AbortController();
  context.after(() => stop.abort());
  await pair.loop.start(stop.signal);
  return pair;
}

const noticesOf = ({ events }: { readonly events: readonly { readonly kind: string }[] }) =>
  events.flatMap((event) => ("reason" in event ? [event.reason] : []));

test("while all is well nothing is moved, no program runs, and nothing is reported", async (context) => {
  const pair = await start(context);
  const before = pair.host.commands.length;
  await pair.host.clock.advance(60_000);
  assert.deepEqual([pair.host.commands.length - before, pair.events.length, pair.carrying()], [0, 0, "es0"]);
  assert.deepEqual(
    pair.watch.gateways.map(({ name, carries, answers, role }) => [name, carries, answers, role]),
    [
      ["gateway-1", true, true, "holder"],
      ["gateway-1-standby", false, true, "standby"],
    ],
  );
});

test("the traffic follows within 1.1 s of the standby's word, at whatever moment it comes", async (context) => {
  for (let phaseMs = 0; phaseMs < 1000; phaseMs += 100) {
    const pair = await start(context);
    const { host, answers, carrying, carrier } = pair;
    await host.clock.advance(5000 + phaseMs);
    answers.set(FIRST.address, "silent");
    await host.clock.advance(3700);
    assert.equal(carrying(), "es0", "the standby does not hold the routes yet");
    answers.set(SECOND.address, "holder");
    await host.clock.advance(1100);
    assert.deepEqual([carrying(), carrier.gateway], ["es1", SECOND.name]);
    assert.deepEqual(noticesOf(pair), ["TunnelFailedOver"]);
    assert.equal(pair.watch.silent?.hasFailed, true);
  }
});

test("routes that move between two gateways that are well are followed when they lead there for sure, as a matter of course", async (context) => {
  const pair = await start(context);
  pair.answers.set(FIRST.address, "standby").set(SECOND.address, "holder");
  await pair.host.clock.advance(5000);
  assert.deepEqual([pair.carrying(), noticesOf(pair), pair.watch.silent], ["es1", ["TunnelMoved"], undefined]);
  assert.equal(pair.watch.status().tunnel?.failovers, 1);
  pair.answers.set(FIRST.address, "holder").set(SECOND.address, "standby");
  await pair.host.clock.advance(5000);
  assert.equal(pair.carrying(), "es0");
});

test("the way to each gateway stays by its own interface when the traffic moves", async (context) => {
  const pair = await start(context);
  pair.answers.set(FIRST.address, "standby").set(SECOND.address, "holder");
  await pair.host.clock.advance(5000);
  assert.deepEqual([...pair.network.second.routes.keys()], ["10.20.0.0/16", "10.100.0.0/16"]);
});

test("a round of convergence with an older plan that sets the routes back is corrected within a second", async (context) => {
  const pair = await start(context);
  pair.answers.set(FIRST.address, "standby").set(SECOND.address, "holder");
  await pair.host.clock.advance(5000);
  pair.network.second.routes.clear();
  pair.host.files.put("/proc/net/route", routeTable("es0"));
  await pair.host.clock.advance(5000);
  assert.equal(pair.carrying(), "es1");
});

test("a standby that falls silent is set anew less and less often, said once, and said again when it answers", async (context) => {
  const pair = await start(context);
  pair.answers.set(SECOND.address, "silent");
  await pair.host.clock.advance(600_000);
  const restarts = pair.host.commands.filter((line) => line.startsWith("wg set es1 peer"));
  assert.ok(restarts.length > 5 && restarts.length < 20, `${restarts.length} restarts`);
  assert.deepEqual([pair.watch.silent?.name, pair.watch.silent?.hasFailed], ["gateway-1-standby", false]);
  assert.deepEqual(pair.events, [{ kind: "carrier-changed", isMoved: false }]);
  pair.answers.set(SECOND.address, "standby");
  await pair.host.clock.advance(2000);
  assert.deepEqual([pair.watch.silent, pair.events.length, pair.carrying()], [undefined, 2, "es0"]);
});

test("a daemon that starts leaves the traffic where the plan has it, and follows the first word", async (context) => {
  const pair = await start(context, { carrier: SECOND.name });
  assert.equal(pair.carrying(), "es1");
  await pair.host.clock.advance(5000);
  assert.equal(pair.carrying(), "es0", "the first one says that it is the holder");
});

test("a gateway that changes its key while it carries goes on to carry, and no route moves for a moment", async (context) => {
  const pair = await start(context);
  pair.answers.set(FIRST.address, "standby").set(SECOND.address, "holder");
  await pair.host.clock.advance(5000);
  assert.equal(pair.carrying(), "es1");
  const before = pair.events.length;
  const changed = { ...SECOND, publicKey: Buffer.alloc(32, 9).toString("base64") };
  pair.state.plan = planFor({ gateways: [FIRST, changed], carrier: pair.carrier.gateway });
  for (let ms = 0; ms < 5000; ms += 100) {
    await pair.host.clock.advance(100);
    assert.equal(pair.carrying(), "es1", `${ms} ms after the change`);
  }
  assert.deepEqual([pair.watch.carrying?.interface, pair.events.slice(before)], ["es1", []]);
});

test("one gateway leaves no choice, and none is asked", async (context) => {
  const pair = await start(context);
  pair.state.plan = planFor({ gateways: [FIRST] });
  assert.equal(pair.watch.isNeeded(), false);
  assert.deepEqual([pair.watch.gateways, pair.watch.status(), pair.watch.carrying?.interface], [[], {}, "es0"]);
  pair.state.plan = undefined;
  assert.equal(pair.watch.carrying, undefined);
});

test("the metrics name each gateway", async (context) => {
  const { watch } = await start(context);
  const samples = Object.fromEntries(watch.metrics().map(({ name, samples: read }) => [name, read()]));
  assert.deepEqual(samples.eks_satellite_tunnel_gateway_carries, [
    { labels: { gateway: "gateway-1" }, value: 1 },
    { labels: { gateway: "gateway-1-standby" }, value: 0 },
  ]);
  assert.deepEqual(samples.eks_satellite_tunnel_failovers_total, [{ value: 0 }]);
});

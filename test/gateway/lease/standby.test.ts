// Two gateways, one Lease and one VPC in memory: who moves the routes, and when.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MemoryClock } from "../../fakes/memory-clock.ts";
import { createGateway, MemoryLease, MemoryRoutes } from "./memory-lease.ts";

/** Gateway a holds the Lease, and b stands by. */
async function setUp(context: TestContext) {
  const shared = { clock: new MemoryClock(), lease: new MemoryLease(), vpc: new MemoryRoutes() };
  const stop = new AbortController();
  context.after(() => stop.abort());
  const [a, b] = [createGateway("a", shared), createGateway("b", shared)];
  a.start(stop.signal);
  await shared.clock.advance(10_000);
  b.start(stop.signal);
  await shared.clock.advance(10_000);
  assert.deepEqual([a.keeper.carries, b.keeper.carries, shared.lease.holder], [true, false, "a"]);
  let both = 0;
  const watch = async () => {
    for (;;) {
      await shared.clock.sleep(10, stop.signal);
      if (a.election.isHeld && b.election.isHeld) both += 1;
    }
  };
  void watch().catch(() => undefined);
  /** Milliseconds until it is so. */
  const until = async (isSo: () => boolean, deadlineMs = 20_000) => {
    for (let ms = 0; ms <= deadlineMs; ms += 20) {
      if (isSo()) return ms;
      await shared.clock.advance(20);
    }
    return assert.fail("it was not so in time");
  };
  const noneTwice = () => assert.equal(both, 0, "both held the Lease at a time");
  return { ...shared, a, b, until, noneTwice };
}

test("while both are well nothing moves, however long", async (context) => {
  const { clock, lease, vpc, b, noneTwice } = await setUp(context);
  await clock.advance(300_000);
  assert.deepEqual([lease.holder, vpc.replacements, b.election.wins], ["a", [], 0]);
  noneTwice();
});

test("a holder that dies is replaced within 4 s, at whatever moment, and its routes with it", async (context) => {
  for (let phaseMs = 0; phaseMs < 1000; phaseMs += 250) {
    const { clock, a, b, vpc, until, noneTwice } = await setUp(context);
    await clock.advance(phaseMs);
    a.link.isStopped = true;
    const ms = await until(() => b.keeper.carries);
    assert.ok(ms <= 4000, `${ms} ms at phase ${phaseMs}`);
    assert.deepEqual(vpc.targets, ["eni-b"]);
    noneTwice();
  }
});

test("the old holder comes back and stands by: it moves no route, and holds no Lease for a moment", async (context) => {
  const { clock, a, b, vpc, until, noneTwice } = await setUp(context);
  for (let turn = 0; turn < 5; turn += 1) {
    a.link.isStopped = true;
    await until(() => b.keeper.carries);
    a.link.isStopped = false;
    await clock.advance(30_000);
    assert.deepEqual([a.election.isHeld, vpc.targets], [false, ["eni-b"]]);
    b.link.isStopped = true;
    await until(() => a.keeper.carries);
    b.link.isStopped = false;
    await clock.advance(30_000);
    assert.deepEqual([b.election.isHeld, vpc.targets], [false, ["eni-a"]]);
  }
  assert.equal(vpc.replacements.join(""), "bbaa".repeat(5));
  noneTwice();
});

test("a route that another hand replaced comes back within half a minute", async (context) => {
  const { vpc, until } = await setUp(context);
  vpc.set("eni-hand");
  const ms = await until(() => vpc.targets.join() === "eni-a", 31_000);
  assert.ok(ms > 1000, "nothing but the look of each half minute finds it");
});

test("a holder that is stopped between its look and the replacement lets it go when it wakes", async (context) => {
  const { clock, a, b, vpc, until, noneTwice } = await setUp(context);
  vpc.set("eni-hand");
  a.link.stopsAfterLook = true;
  await until(() => a.link.isStopped, 31_000);
  await until(() => b.keeper.carries);
  assert.deepEqual(vpc.replacements, ["b", "b"]);
  a.link.stopsAfterLook = a.link.isStopped = false;
  await clock.advance(60_000);
  assert.deepEqual([vpc.targets, vpc.replacements], [["eni-b"], ["b", "b"]]);
  assert.ok(
    a.messages("warn").some((text) => text.includes("not replaced")),
    a.messages("warn").join(),
  );
  noneTwice();
});

test("a holder without the API server stops acting a second before another may begin", async (context) => {
  const { clock, a, b, vpc, until, noneTwice } = await setUp(context);
  a.link.api = false;
  const [stopped, taken] = await Promise.all([until(() => !a.election.isHeld), until(() => b.election.isHeld)]);
  assert.ok(taken - stopped >= 900, `${taken - stopped} ms`);
  await until(() => b.keeper.carries);
  vpc.set("eni-b");
  a.link.api = true;
  await clock.advance(20_000);
  assert.deepEqual([a.election.isHeld, vpc.targets], [false, ["eni-b"]]);
  noneTwice();
});

test("without the API server for either the routes stay where they are", async (context) => {
  const { clock, lease, a, b, vpc } = await setUp(context);
  a.link.api = b.link.api = false;
  await clock.advance(600_000);
  assert.deepEqual([a.election.isHeld, b.election.isHeld, vpc.targets, lease.holder], [false, false, ["eni-a"], "a"]);
  a.link.api = b.link.api = true;
  await clock.advance(10_000);
  assert.equal(a.election.isHeld !== b.election.isHeld, true);
});

test("a holder without AWS goes on, since the routes lead to it; one that cannot get them leaves the Lease to the other", async (context) => {
  const { clock, lease, a, b, vpc, until, noneTwice } = await setUp(context);
  a.link.aws = false;
  await clock.advance(120_000);
  assert.deepEqual([lease.holder, a.keeper.carries, vpc.targets], ["a", true, ["eni-a"]]);
  a.link.aws = true;
  b.link.aws = false;
  a.link.isStopped = true;
  await until(() => b.election.isHeld);
  a.link.isStopped = false;
  await until(() => a.keeper.carries, 20_000);
  assert.deepEqual([lease.holder, vpc.targets], ["a", ["eni-a"]]);
  assert.ok(b.messages("warn").some((text) => text.includes("leaves the Lease to the other one")));
  noneTwice();
});

test("a Lease that is deleted is made again by its holder; by the other one only when that is away", async (context) => {
  const { clock, lease, a, b, vpc, until, noneTwice } = await setUp(context);
  for (let phaseMs = 0; phaseMs < 1000; phaseMs += 100) {
    await clock.advance(phaseMs);
    lease.edit(undefined);
    await clock.advance(5000);
    assert.deepEqual([lease.holder, b.election.wins], ["a", 0], `at phase ${phaseMs}`);
  }
  a.link.isStopped = true;
  lease.edit(undefined);
  const ms = await until(() => b.keeper.carries);
  assert.ok(ms > 3000 && ms < 4500, `${ms} ms`);
  assert.deepEqual(vpc.targets, ["eni-b"]);
  noneTwice();
});

test("a Lease that an administrator writes for a name that no gateway has is left alone for its time, then taken", async (context) => {
  const { lease, until, vpc, noneTwice } = await setUp(context);
  lease.edit("unknown");
  await until(() => lease.holder !== "unknown");
  assert.equal(vpc.targets.length, 1);
  noneTwice();
});

test("one that gives the Lease up is followed within a second, and does not take it again at once", async (context) => {
  const { clock, lease, a, b, until, noneTwice } = await setUp(context);
  const released = a.election.release(60_000);
  const ms = await until(() => b.keeper.carries);
  await released;
  assert.ok(ms < 1200, `${ms} ms`);
  await clock.advance(120_000);
  assert.equal(lease.holder, "b");
  noneTwice();
});

test("a gateway that is not set up yet takes nothing", async (context) => {
  const { clock, lease, a, b } = await setUp(context);
  b.state.isFit = false;
  a.link.isStopped = true;
  await clock.advance(60_000);
  assert.deepEqual([lease.holder, b.election.wins], ["a", 0]);
});

test("a gateway alone holds the Lease, and replaces no route", async (context) => {
  const { clock, a, vpc } = await setUp(context);
  vpc.isPaired = false;
  await clock.advance(31_000);
  vpc.set("eni-hand");
  await clock.advance(120_000);
  assert.deepEqual([vpc.targets, a.keeper.isPaired], [["eni-hand"], false]);
});

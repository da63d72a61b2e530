import assert from "node:assert/strict";
import { test } from "node:test";
import { Retry } from "../../agent/loop/retry.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

function setUp() {
  const host = new MemoryHost();
  const world = { isNeeded: true };
  const startMs = host.clock.now();
  const at: number[] = [];
  const retry = new Retry({ host, isNeeded: () => world.isNeeded });
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      if (retry.isDue()) at.push((host.clock.now() - startMs) / 1000);
      host.clock.jump(1000);
    }
  };
  return { world, at, pass };
}

test("what is needed is tried at once, and then ever more rarely, once a minute at last", () => {
  const { at, pass } = setUp();
  pass(240);
  assert.deepEqual(at, [0, 10, 30, 70, 130, 190]);
});

test("what is not needed is not tried, and is tried at once when it is needed again", () => {
  const { world, at, pass } = setUp();
  pass(50);
  world.isNeeded = false;
  pass(50);
  world.isNeeded = true;
  pass(15);
  assert.deepEqual(at, [0, 10, 30, 100, 110]);
});

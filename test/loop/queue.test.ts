import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "../../agent/loop/queue.ts";
import { settle } from "../fakes/memory-clock.ts";

test("work begins when the work before it has ended, also when that failed", async () => {
  const queue = new Queue();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue.run(async () => {
    seen.push("first begins");
    await gate.promise;
    seen.push("first fails");
    throw new Error("boom");
  });
  const second = queue.run(async () => seen.push("second"));
  await settle();
  assert.deepEqual(seen, ["first begins"]);
  gate.resolve();
  await assert.rejects(first, /boom/);
  assert.equal(await second, 3);
  assert.deepEqual(seen, ["first begins", "first fails", "second"]);
});

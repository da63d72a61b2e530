import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../../../agent/gateway/rotation/turns.ts";

test("work begins when what was asked for before has ended, also where that failed", async () => {
  const turns = new Turns();
  const done: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = turns.take(() => promise.then(() => void done.push("first")));
  const second = turns.take(async () => {
    done.push("second");
    throw new Error("a test");
  });
  const third = turns.take(async () => done.push("third"));
  resolve();
  await assert.rejects(second, /a test/);
  await Promise.all([first, third]);
  assert.deepEqual(done, ["first", "second", "third"]);
});

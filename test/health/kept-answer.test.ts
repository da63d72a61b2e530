import assert from "node:assert/strict";
import { test } from "node:test";
import { keepAnswer } from "../../agent/health/kept-answer.ts";

test("an answer is rendered once a second, and again after that", async () => {
  let nowMs = 0;
  let renderings = 0;
  const read = keepAnswer(
    () => ++renderings,
    () => nowMs,
  );
  assert.deepEqual(await Promise.all([read(), read()]), [1, 1]);
  nowMs = 999;
  assert.equal(await read(), 1);
  nowMs = 1000;
  assert.equal(await read(), 2);
});

test("a failure is kept as long as an answer", async () => {
  let nowMs = 0;
  let renderings = 0;
  const read = keepAnswer(
    () => {
      renderings += 1;
      throw new Error("no such fact");
    },
    () => nowMs,
  );
  await assert.rejects(read(), { message: "no such fact" });
  await assert.rejects(read());
  assert.equal(renderings, 1);
  nowMs = 1000;
  await assert.rejects(read());
  assert.equal(renderings, 2);
});

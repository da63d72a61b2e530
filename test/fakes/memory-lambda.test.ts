import assert from "node:assert/strict";
import { test } from "node:test";
import { isOutcomeUnknown } from "../../agent/admin/lambda/errors.ts";
import { MemoryClock } from "./memory-clock.ts";
import { MemoryLambda } from "./memory-lambda.ts";

const REQUEST = { name: "gpu-1", type: "gpu_1x_a10", region: "us-west-1", sshKey: "work", tags: { a: "b" } };

function setUp() {
  const clock = new MemoryClock();
  const lambda = new MemoryLambda(clock);
  const statusOf = async (id: string) => (await lambda.list()).find((machine) => machine.id === id)?.status;
  return { clock, lambda, statusOf };
}

test("a machine boots, has an address when it is active, and ends", async () => {
  const { clock, lambda, statusOf } = setUp();
  const id = await lambda.launch(REQUEST);
  assert.deepEqual(
    (await lambda.list()).map(({ status, address, tags }) => ({ status, address, tags })),
    [{ status: "booting", address: undefined, tags: { a: "b" } }],
  );
  await assert.rejects(lambda.restart(id), { code: "lambda-conflict" });
  await clock.advance(lambda.bootMs);
  assert.equal(await statusOf(id), "active");
  assert.ok((await lambda.list())[0]?.address);
  await lambda.restart(id);
  assert.equal(await statusOf(id), "booting");
  await lambda.terminate(id);
  assert.equal(await statusOf(id), "terminating");
  await clock.advance(lambda.endMs);
  assert.equal(await statusOf(id), "terminated");
  assert.deepEqual(lambda.running(), []);
});

test("a lost answer leaves a machine, and a refusal none", async () => {
  const { lambda } = setUp();
  lambda.refuse("launch", 400, "global/quota-exceeded");
  await assert.rejects(lambda.launch(REQUEST), { code: "lambda-quota-exceeded" });
  assert.equal(lambda.running().length, 0);
  lambda.loseAnswer("launch");
  await assert.rejects(lambda.launch(REQUEST), (error) => isOutcomeUnknown(error));
  assert.equal(lambda.running().length, 1);
  await assert.rejects(lambda.launch({ ...REQUEST, region: "us-east-1" }), { code: "lambda-no-capacity" });
  await assert.rejects(lambda.launch({ ...REQUEST, sshKey: "none" }), { code: "lambda-not-found" });
});

test("a ruleset that a machine has cannot be deleted", async () => {
  const { clock, lambda } = setUp();
  const { id } = await lambda.createRuleset({ name: "r", region: "us-west-1", rules: [] });
  await assert.rejects(lambda.createRuleset({ name: "r", region: "us-west-1", rules: [] }), {
    code: "lambda-duplicate",
  });
  const machine = await lambda.launch({ ...REQUEST, rulesetIds: [id] });
  await assert.rejects(lambda.deleteRuleset(id), { code: "lambda-in-use" });
  await lambda.terminate(machine);
  await clock.advance(lambda.endMs);
  await lambda.deleteRuleset(id);
  assert.deepEqual(await lambda.listRulesets(), []);
});

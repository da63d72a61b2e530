import assert from "node:assert/strict";
import { test } from "node:test";
import { TAGS } from "../../../agent/admin/lambda/tags.ts";
import { findMachine, findMachineIfAny, launchedAt, nameOf } from "../../../agent/admin/machine/find-machine.ts";
import { MemoryClock } from "../../fakes/memory-clock.ts";
import { MemoryLambda } from "../../fakes/memory-lambda.ts";

async function setUp() {
  const lambda = new MemoryLambda(new MemoryClock());
  const first = lambda.put({ name: "gpu-1", hostname: "box", tags: { [TAGS.node]: "node-1" } });
  const gone = lambda.put({ name: "gpu-1", status: "terminated" });
  const twins = [lambda.put({ name: "twin" }), lambda.put({ name: "twin" })];
  return { first, gone, twins, machines: await lambda.list() };
}

test("a machine is found by its name, its host name, its Node or its id, and not when it is terminated", async () => {
  const { first, gone, machines } = await setUp();
  for (const wanted of ["gpu-1", "box", "node-1", first]) assert.equal(findMachine(machines, wanted).id, first, wanted);
  assert.throws(() => findMachine(machines, gone), { code: "lambda-not-found" });
});

test("a name that no machine has comes with the nearest", async () => {
  const { machines } = await setUp();
  assert.throws(() => findMachine(machines, "node-2"), { code: "lambda-not-found", hint: /Is node-1 meant\?/ });
});

test("where there need be no machine, none is found, and two are ambiguous all the same", async () => {
  const { first, machines } = await setUp();
  assert.equal(findMachineIfAny(machines, "node-2"), undefined);
  assert.equal(findMachineIfAny(machines, "box")?.id, first);
  assert.throws(() => findMachineIfAny(machines, "twin"), { code: "machine-ambiguous" });
});

test("of two machines of one name the id decides", async () => {
  const { twins, machines } = await setUp();
  const [one = "", other = ""] = twins;
  assert.throws(() => findMachine(machines, "twin"), {
    code: "machine-ambiguous",
    hint: new RegExp(`${one}, ${other}`),
  });
  assert.equal(findMachine(machines, other).id, other);
});

test("it is called as its Node is, and was launched when its tag says so", async () => {
  const { machines } = await setUp();
  assert.deepEqual(machines.map(nameOf), ["node-1", "gpu-1", "twin", "twin"]);
  const [machine] = machines;
  assert.ok(machine);
  const launched = (since: string) => launchedAt({ ...machine, tags: { [TAGS.since]: since } });
  assert.equal(launched("2026-01-02T03:04:05Z"), Date.UTC(2026, 0, 2, 3, 4, 5));
  for (const text of ["", "yesterday"]) assert.equal(launched(text), undefined);
});

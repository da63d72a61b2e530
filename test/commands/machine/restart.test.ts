import assert from "node:assert/strict";
import { test } from "node:test";
import { restartCommand } from "../../../agent/commands/machine/restart.ts";
import { MemoryClock } from "../../fakes/memory-clock.ts";
import { MemoryLambda } from "../../fakes/memory-lambda.ts";

async function setUp(bootMs = 70_000) {
  const clock = new MemoryClock();
  const memory = new MemoryLambda(clock);
  const request = { name: "gpu-1", type: "gpu_1x_a10", region: "us-west-1", sshKey: "work", tags: {} };
  const id = await memory.launch(request);
  await clock.advance(memory.bootMs);
  memory.setStatus(id, "active"); // Until the restart, however long booting takes from now on.
  memory.bootMs = bootMs;
  memory.calls.splice(0);
  const printed: string[] = [];
  const stop = new AbortController();
  const answers: boolean[] = [];
  const restart = (options: object = {}, hasTerminal = true) => {
    const confirm = hasTerminal ? async () => answers.shift() ?? false : undefined;
    const context = { lambda: async () => memory, clock, confirm, stopSignal: stop.signal };
    const done = restartCommand(
      context,
      "gpu-1",
      { wait: 600, yes: true, output: "text" as const, ...options },
      (text) => printed.push(text),
    );
    done.catch(() => undefined);
    return done;
  };
  return { clock, memory, id, stop, answers, restart, said: () => printed.join("") };
}

test("a restart reports what happens, and ends when the machine is active again", async () => {
  const { clock, restart, said } = await setUp();
  const done = restart();
  await clock.advance(600_000);
  assert.equal(await done, 0);
  assert.equal(
    said(),
    "✓ restart begun\n… booting, 5 s\n… booting, 35 s\n… booting, 65 s\n✓ active, 198.51.100.1, after 70 s\n",
  );
});

test("a machine that is seen active all the time counts as restarted after a minute", async () => {
  const { clock, restart, said } = await setUp(0);
  const done = restart();
  await clock.advance(600_000);
  assert.equal(await done, 0);
  assert.match(said(), /after 60 s\n$/);
});

test("one that is not active in time is exit code 2, and said to cost", async () => {
  const { clock, restart, said } = await setUp(3_600_000);
  const done = restart({ wait: 60 });
  await clock.advance(600_000);
  assert.equal(await done, 2);
  assert.match(said(), /! not active after 60 s\. It costs all the same: eks-satellite machine show gpu-1\n$/);
});

test("nothing is done without a yes", async () => {
  const { memory, restart, said } = await setUp();
  assert.equal(await restart({ yes: false }), 2);
  assert.equal(await restart({ yes: false }, false), 2);
  assert.match(said(), /--yes restarts it/);
  assert.deepEqual(memory.calls, ["list", "list"]);
});

test("a machine that boots is not restarted, and Lambda's conflict is said as it is", async () => {
  const { memory, id, restart } = await setUp();
  memory.refuse("restart", 409, "global/conflict", "Another action is in progress.");
  await assert.rejects(restart(), { code: "lambda-conflict", message: /Another action is in progress/ });
  memory.setStatus(id, "booting");
  await assert.rejects(restart(), { code: "machine-busy", message: /gpu-1 is booting .*vm-has-not-launched/ });
});

test("a lost answer is waited out, and a machine that is gone ends the wait", async () => {
  const { clock, memory, id, restart, said } = await setUp();
  const done = restart();
  await clock.advance(5000);
  memory.loseAnswer("list");
  await clock.advance(5000);
  assert.match(said(), /! Lambda Cloud does not answer: list got no answer/);
  await memory.terminate(id);
  await clock.advance(120_000);
  await assert.rejects(done, { code: "machine-gone" });
});

test("an interrupt says that the restart goes on", async () => {
  const { clock, stop, restart } = await setUp();
  const done = restart();
  await clock.advance(10_000);
  stop.abort();
  await assert.rejects(done, { code: "interrupted", hint: /machine show gpu-1/ });
});

test("as JSON it is one document, which asks nothing", async () => {
  const { clock, restart, said } = await setUp();
  const done = restart({ output: "json" });
  await clock.advance(600_000);
  assert.equal(await done, 0);
  const { messages, ...document } = JSON.parse(said());
  assert.deepEqual(document, {
    machine: "gpu-1",
    id: document.id,
    state: "active",
    seconds: 70,
    address: "198.51.100.1",
  });
  assert.equal(messages.at(-1), "✓ active, 198.51.100.1, after 70 s");
  const asked = await setUp();
  asked.answers.push(true);
  assert.equal(await asked.restart({ output: "json", yes: false }), 2);
  assert.equal(JSON.parse(asked.said()).state, "unconfirmed");
  assert.deepEqual(asked.memory.calls, ["list"]);
});

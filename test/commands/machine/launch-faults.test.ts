// What goes wrong between the question and the Node: no fault makes a second machine, or leaves one that costs without saying so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { noAnswer } from "../../../agent/admin/lambda/errors.ts";
import { setUpMachines } from "../../fakes/machine-admin.ts";

test("an answer that was lost after the machine was made makes no second one", async () => {
  const { launch, finish, lambda, printed } = setUpMachines();
  lambda.loseAnswer("launch");
  assert.equal(await finish(launch("--wait", "0")), 0);
  assert.equal(lambda.launches.length, 1);
  assert.equal(lambda.running().length, 1);
  assert.match(printed(), /the answer to the launch was lost .*looking for the machine by its tag/);
});

test("a proxy's page and provider/… are looked into for a minute, and only then tried again", async () => {
  for (const [status, code] of [
    [502, "html"],
    [503, "provider/internal-unavailable"],
    [500, "global/internal-error"],
  ] as const) {
    const { launch, finish, lambda, host, printed } = setUpMachines();
    lambda.refuse("launch", status, code);
    const startMs = host.clock.monotonic();
    assert.equal(await finish(launch("--wait", "0")), 0, code);
    assert.equal(lambda.launches.length, 1, "the first one was not done");
    assert.ok(host.clock.monotonic() - startMs >= 60_000, "a minute passes before the second try");
    assert.ok(lambda.calls.filter((call) => call === "list").length > 10);
    assert.match(printed(), /no machine was made: trying again/);
  }
});

test("when Lambda does not say what there is, no second machine is tried, and nothing is undone", async () => {
  const { launch, finish, lambda, adminAws } = setUpMachines();
  lambda.loseAnswer("launch");
  const { list } = lambda;
  lambda.list = async () => {
    if (lambda.launches.length > 0) throw noAnswer("GET /instances", "https://cloud.lambda.ai/api/v1", undefined);
    return list();
  };
  await assert.rejects(finish(launch("--open", "8080")), {
    code: "launch-unknown",
    hint: /eks-satellite machine terminate gpu-1 ends it/,
  });
  assert.equal(lambda.launches.length, 1);
  assert.deepEqual([lambda.rulesets.length, adminAws.entries.size], [1, 1], "a machine that may be there uses them");
});

test("capacity that goes between the look and the launch is exit 4's error, and is waited for where the user says so", async () => {
  const none = setUpMachines();
  none.lambda.refuse("launch", 400, "instance-operations/launch/insufficient-capacity");
  await assert.rejects(none.finish(none.launch("--open", "8080")), { code: "lambda-no-capacity" });
  assert.deepEqual([none.lambda.rulesets, [...none.adminAws.entries]], [[], []]);

  const { launch, finish, lambda, host, printed } = setUpMachines();
  lambda.refuse("launch", 400, "instance-operations/launch/insufficient-capacity");
  const [offer, ...others] = lambda.offers;
  const running = launch("--open", "8080", "--wait-for-capacity", "1h", "--wait", "0");
  await host.clock.advance(0);
  assert.ok(offer !== undefined);
  lambda.offers = [{ ...offer, regions: [] }, ...others];
  await host.clock.advance(100_000);
  lambda.offers = [{ ...offer, regions: [{ name: "us-east-1", description: "" }] }, ...others];
  assert.equal(await finish(running), 0);
  assert.deepEqual(
    lambda.rulesets.map(({ region }) => region),
    ["us-east-1"],
    "the ruleset follows the region",
  );
  assert.match(printed(), /… capacity for gpu_1x_a10: none \(\d+ s\)/);
  assert.equal(lambda.running()[0]?.region.name, "us-east-1");
});

test("without capacity nothing is made; a wait looks each 30 s, and launches when there is some", async () => {
  const { launch, finish, lambda, host } = setUpMachines();
  const { offers } = lambda;
  lambda.offers = offers.map((offer) => ({ ...offer, regions: [] }));
  await assert.rejects(finish(launch()), { code: "lambda-no-capacity", hint: /--wait-for-capacity/ });
  assert.deepEqual(lambda.launches, []);
  const running = launch("--wait-for-capacity", "10m", "--wait", "0");
  await host.clock.advance(290_000);
  assert.deepEqual(lambda.launches, []);
  assert.equal(lambda.calls.filter((call) => call === "listTypes").length, 2 + 10, "each 30 s");
  lambda.offers = offers;
  assert.equal(await finish(running), 0);
  lambda.offers = offers.map((offer) => ({ ...offer, regions: [] }));
  for (const { id } of lambda.running()) lambda.setStatus(id, "terminated");
  await assert.rejects(finish(launch("--wait-for-capacity", "2m")), {
    code: "lambda-no-capacity",
    message: /nothing is left/,
  });
});

test("a key that is revoked in the middle names the machine that is left", async () => {
  const { launch, finish, lambda, host } = setUpMachines();
  const running = launch();
  await host.clock.advance(30_000);
  lambda.refuse("list", 401, "global/invalid-api-key");
  await assert.rejects(finish(running), {
    code: "lambda-key-invalid",
    message: /machine gpu-1 \(0+1\) is left, and costs 0\.75 USD an hour/,
    hint: /^eks-satellite machine terminate gpu-1 ends it/,
  });
});

test("trouble and 429 while it boots pass, and a status that nobody knows is shown", async () => {
  const { launch, finish, lambda, nodes, host, printed } = setUpMachines();
  const running = launch();
  await host.clock.advance(20_000);
  const [machine] = lambda.running();
  lambda.refuse("list", 503, "provider/internal-unavailable");
  await host.clock.advance(20_000);
  lambda.setStatus(machine?.id ?? "", "hibernating");
  await host.clock.advance(20_000);
  lambda.setStatus(machine?.id ?? "", "active");
  nodes.put("gpu-1", true);
  assert.equal(await finish(running), 0);
  assert.match(printed(), /active: unknown, .*provider\/internal-unavailable/);
  assert.match(printed(), /active: hibernating/);
});

test("a machine that Lambda ends is an error, and no Node is waited for", async () => {
  const { launch, finish, lambda, host } = setUpMachines();
  const running = launch();
  await host.clock.advance(20_000);
  lambda.setStatus(lambda.running()[0]?.id ?? "", "preempted");
  await assert.rejects(finish(running), { code: "machine-ended", message: /is preempted/ });
});

test("Ctrl-C at any wait says what was made, and the command that ends it", async () => {
  const waits: readonly (readonly [string, (all: ReturnType<typeof setUpMachines>) => Promise<Promise<number>[]>])[] = [
    [
      "capacity",
      async ({ lambda, launch, host }) => {
        lambda.offers = lambda.offers.map((offer) => ({ ...offer, regions: [] }));
        const running = launch("--wait-for-capacity", "1h");
        await host.clock.advance(60_000);
        return [running];
      },
    ],
    [
      "the lost answer",
      async ({ lambda, launch, host }) => {
        lambda.refuse("launch", 500, "global/internal-error");
        const running = launch("--open", "8080");
        await host.clock.advance(20_000);
        return [running];
      },
    ],
    [
      "booting",
      async ({ launch, host }) => {
        const running = launch();
        await host.clock.advance(60_000);
        return [running];
      },
    ],
    [
      "the Node",
      async ({ launch, host }) => {
        const running = launch();
        await host.clock.advance(300_000);
        return [running];
      },
    ],
  ];
  for (const [what, begin] of waits) {
    const all = setUpMachines();
    const [running] = await begin(all);
    assert.ok(running);
    const failed = assert.rejects(running, (error: { code: string; message: string; hint: string }) => {
      assert.equal(error.code, "interrupted", `${what}: ${error.message}`);
      if (what === "capacity") assert.match(error.message, /nothing is left/);
      else assert.match(error.hint, /^eks-satellite machine terminate gpu-1/, what);
      if (what === "the lost answer") assert.match(error.message, /what was made stays: .*firewall ruleset/);
      if (what === "booting" || what === "the Node") assert.match(error.message, /is left, and costs 0\.75 USD/);
      return true;
    });
    all.stop.abort();
    await all.host.clock.advance(5000);
    await failed;
    assert.equal(all.lambda.calls.includes("terminate"), false, "it is left to the user");
  }
});

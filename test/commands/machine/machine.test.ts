import assert from "node:assert/strict";
import { test } from "node:test";
import { TAGS } from "../../../agent/admin/lambda/tags.ts";
import { openLambda } from "../../../agent/commands/machine/options.ts";
import { showCommand } from "../../../agent/commands/machine/show.ts";
import { typesCommand } from "../../../agent/commands/machine/types.ts";
import { success, WIRE_INSTANCE } from "../../fakes/lambda-answers.ts";
import { A10 } from "../../fakes/lambda-samples.ts";
import { MemoryClock } from "../../fakes/memory-clock.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryLambda } from "../../fakes/memory-lambda.ts";

function setUp() {
  const clock = new MemoryClock();
  const memory = new MemoryLambda(clock);
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  const context = { lambda: async () => memory, now: clock.now };
  return {
    memory,
    said: () => printed.join(""),
    types: (options: object = {}) => typesCommand(context, { all: false, output: "text", ...options }, print),
    show: (name: string, output: "text" | "json" = "text") => showCommand(context, name, { output }, print),
  };
}

const TWO_HOURS_AGO = "2026-01-02T01:04:05Z";

test("types are listed with price and regions, the cheapest first", async () => {
  const { memory, types, said } = setUp();
  memory.offers = [{ ...A10, name: "gpu_8x_a10", centsPerHour: 600, gpus: 8 }, ...memory.offers];
  assert.equal(await types(), 0);
  assert.equal(
    said(),
    [
      "TYPE        GPUS                  VCPU  MEMORY   DISK      USD/h  REGIONS",
      "gpu_1x_a10  1 × A10 (24 GB PCIe)  30    200 GiB  1400 GiB  0.75   us-west-1",
      "gpu_8x_a10  8 × A10 (24 GB PCIe)  30    200 GiB  1400 GiB  6.00   us-west-1",
      "1 more without capacity now: --all shows them",
      "",
    ].join("\n"),
  );
});

test("a GPU without capacity is exit code 4, and is shown with --all", async () => {
  const { types, said } = setUp();
  assert.equal(await types({ gpu: "H100" }), 4);
  assert.equal(said(), "1 more without capacity now: --all shows them\n");
  const all = setUp();
  assert.equal(await all.types({ gpu: "h100", all: true }), 4);
  assert.match(all.said(), /gpu_8x_h100_sxm5 .* 23\.92 +none now\n$/);
});

test("a GPU that no type has comes with the nearest", async () => {
  await assert.rejects(setUp().types({ gpu: "a11" }), { code: "lambda-not-found", hint: /Is a10 meant\?/ });
});

test("types as JSON have the price in cents, and the regions", async () => {
  const { types, said } = setUp();
  await types({ output: "json" });
  const [type] = JSON.parse(said()).types;
  assert.deepEqual([type.name, type.centsPerHour, type.regions[0].name], ["gpu_1x_a10", 75, "us-west-1"]);
});

test("one machine is shown whole, with what the firewall lets through", async () => {
  const { memory, show, said } = setUp();
  const rules = [{ protocol: "tcp" as const, ports: [8080, 8090] as const, source: "203.0.113.7/32", description: "" }];
  const { id } = await memory.createRuleset({ name: "eks-satellite-gpu-1", region: "us-west-1", rules });
  const tags = { [TAGS.node]: "gpu-1", [TAGS.cluster]: "arn:demo", [TAGS.since]: TWO_HOURS_AGO };
  memory.put({ name: "gpu-1", tags, rulesetIds: [id], region: { name: "us-south-1", description: "Texas, USA" } });
  await show("gpu-1");
  for (const line of [
    "Node                         gpu-1",
    "cluster                      arn:demo",
    "type                         gpu_1x_a10, 1 × A10 (24 GB PCIe), 30 vCPU, 200 GiB",
    "region                       us-south-1 (Texas, USA)",
    "price                        0.75 USD an hour, about 1.50 USD in 2h",
    "global rules                 tcp 22 from 0.0.0.0/0",
    "ruleset eks-satellite-gpu-1  tcp 8080-8090 from 203.0.113.7/32",
    "! no firewall rule holds in us-south-1, Lambda's document says",
  ])
    assert.ok(said().includes(`${line}\n`), said());
  assert.ok(!said().includes("cannot be"));
});

test("a machine that cannot be restarted says why", async () => {
  const { memory, show, said } = setUp();
  memory.put({ name: "gpu-1", status: "terminating" });
  await show("gpu-1");
  assert.match(said(), /^! it cannot be restarted now: vm-is-terminating$/m);
});

test("no output has the token of a machine's notebook", async () => {
  const host = new MemoryHost();
  const answers = [success([WIRE_INSTANCE]), success([]), success([])];
  host.onFetch = () => answers.shift() ?? success([]);
  const printed: string[] = [];
  const environment = { LAMBDA_API_KEY: "key" };
  const context = {
    lambda: () => openLambda({ host, environment }, {}),
    now: host.clock.now,
  };
  const shown = showCommand(context, "gpu-1", { output: "json" }, (text) => void printed.push(text));
  await host.clock.advance(10_000);
  await shown;
  assert.equal(JSON.parse(printed.join("")).machine.address, "198.51.100.2");
  assert.ok(!/jupyter/.test(printed.join("")));
});

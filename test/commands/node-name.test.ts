import assert from "node:assert/strict";
import { test } from "node:test";
import { type NodeNameOptions, nodeNameCommand } from "../../agent/commands/node-name.ts";

const OPTIONS: NodeNameOptions = { region: "us-east-1", suffix: "aws", output: "text" };

async function run(options: Partial<NodeNameOptions>) {
  const printed: string[] = [];
  const openAdmin = () => assert.fail("AWS was called");
  const exitCode = await nodeNameCommand({ openAdmin }, { ...OPTIONS, ...options }, (text) => void printed.push(text));
  return { exitCode, output: printed.join("") };
}

test("the name of an address is printed alone on its line, without a call of AWS", async () => {
  assert.deepEqual(await run({ ip: "10.0.2.27" }), { exitCode: 0, output: "fargate-ip-10-0-2-27.ec2.internal\n" });
});

test("--output json has the name, the address and the region", async () => {
  const { output } = await run({ ip: "10.0.2.27", region: "cn-northwest-1", output: "json" });
  assert.deepEqual(JSON.parse(output), {
    nodeName: "fargate-ip-10-0-2-27.cn-northwest-1.compute.internal",
    ...{ ip: "10.0.2.27", region: "cn-northwest-1" },
  });
});

test("either an interface or an address is needed, and both are checked before AWS is called", async () => {
  for (const options of [
    {},
    { eni: "eni-0123abcd", ip: "10.0.2.27" },
    { eni: "one" },
    { ip: "10.0.2.27", region: "x" },
  ])
    await assert.rejects(run(options), { code: "options-invalid" }, JSON.stringify(options));
  await assert.rejects(run({ ip: "10.0.2" }), { code: "address-invalid" });
});

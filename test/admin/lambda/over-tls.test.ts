// The client against the sandbox's Lambda, over TLS: what both sides make of the same shapes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLambda } from "../../../agent/admin/lambda/client.ts";
import { isOutcomeUnknown } from "../../../agent/admin/lambda/errors.ts";
import { TAGS } from "../../../agent/admin/lambda/tags.ts";
import { startLambda } from "../../fakes/lambda-server.ts";
import { changeSettings } from "../../sandbox/lambda/settings.ts";

const REQUEST = {
  ...{ name: "gpu-1", type: "gpu_1x_a10", region: "us-west-1", sshKey: "work", userData: "#cloud-config\n" },
  tags: { [TAGS.node]: "gpu-1" },
};
const LAUNCH = "POST /instance-operations/launch";

test("a machine is launched with a ruleset, listed and terminated, without a 429", async (context) => {
  const { host, access } = await startLambda(context);
  const lambda = createLambda(host, access);
  const rules = [{ protocol: "tcp" as const, ports: [8080, 8080] as const, source: "203.0.113.7/32", description: "" }];
  const { id: rulesetId } = await lambda.createRuleset({ name: "gpu-1", region: "us-west-1", rules });
  const id = await lambda.launch({ ...REQUEST, rulesetIds: [rulesetId] });
  const [machine] = await lambda.list();
  assert.deepEqual(
    [machine?.id, machine?.name, machine?.hostname, machine?.status, machine?.tags, machine?.rulesetIds],
    [id, "gpu-1", "gpu-1", "booting", REQUEST.tags, [rulesetId]],
  );
  assert.deepEqual((await lambda.listRulesets())[0]?.machineIds, [id]);
  await assert.rejects(lambda.deleteRuleset(rulesetId), { code: "lambda-in-use" });
  await lambda.terminate(id);
  assert.match((await lambda.list())[0]?.status ?? "terminated", /^terminat/);
});

test("types, images, keys, file systems and rules are read", async (context) => {
  const { host, access } = await startLambda(context);
  const lambda = createLambda(host, access);
  assert.ok((await lambda.listTypes()).some(({ regions }) => regions.length > 0));
  assert.ok((await lambda.listImages()).some(({ architecture }) => architecture === "arm64"));
  assert.equal((await lambda.listFileSystems())[0]?.name, "data");
  assert.deepEqual((await lambda.listGlobalRules())[0]?.ports, [22, 22]);
  const { id } = await lambda.addSshKey("second", "ssh-ed25519 AAAB second");
  assert.deepEqual((await lambda.listSshKeys()).map(({ name }) => name).toSorted(), ["second", "work"]);
  await lambda.deleteSshKey(id);
  await assert.rejects(lambda.terminate("0".repeat(32)), { code: "lambda-not-found" });
});

for (const kind of ["answer-lost", "html-502", "provider-unavailable"] as const)
  test(`after ${kind} the outcome of a launch is unknown`, async (context) => {
    const { host, access, folder } = await startLambda(context);
    await changeSettings(folder, () => ({ faults: [{ kind, on: LAUNCH, times: 1, isDone: true }] }));
    const lambda = createLambda(host, access);
    await assert.rejects(lambda.launch(REQUEST), (error) => isOutcomeUnknown(error));
    assert.equal((await lambda.list()).length, 1, "the machine is there, and costs");
  });

test("429 is waited out, and a key that is revoked in between is said", async (context) => {
  const { host, access, folder } = await startLambda(context);
  const lambda = createLambda(host, access);
  await changeSettings(folder, () => ({ faults: [{ kind: "too-many-requests", times: 2 }] }));
  assert.deepEqual(await lambda.list(), []);
  await changeSettings(folder, () => ({ faults: [{ kind: "key-revoked" }] }));
  await assert.rejects(lambda.list(), { code: "lambda-key-invalid", message: /the test/ });
});

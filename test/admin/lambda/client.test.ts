import assert from "node:assert/strict";
import { test } from "node:test";
import { createLambda } from "../../../agent/admin/lambda/client.ts";
import type { HttpRequest } from "../../../agent/host/host.ts";
import { ACCESS, callOf, success, WIRE_ANSWERS, WIRE_INSTANCE } from "../../fakes/lambda-answers.ts";
import { A10 } from "../../fakes/lambda-samples.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const { regions: _, ...TYPE } = A10;
const REGION = { name: "us-west-1", description: "California, USA" };

function setUp(answers: Readonly<Record<string, unknown>> = WIRE_ANSWERS) {
  const host = new MemoryHost();
  const requests: HttpRequest[] = [];
  host.onFetch = (request) => {
    requests.push(request);
    const call = callOf(request);
    assert.ok(call in answers, `there is no answer to ${call}`);
    return success(answers[call]);
  };
  return { host, requests, lambda: createLambda(host, ACCESS) };
}

/** Lets the time pass that a call waits for. */
async function settled<T>(host: MemoryHost, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  await host.clock.advance(60_000);
  return promise;
}

test("types come by name, with their regions by name", async () => {
  const { lambda, requests } = setUp();
  const types = await lambda.listTypes();
  assert.deepEqual(types[0], { ...TYPE, regions: [REGION, { name: "us-west-2", description: undefined }] });
  assert.deepEqual([types[1]?.name, types[1]?.regions], ["gpu_8x_h100_sxm5", []]);
  assert.equal(requests[0]?.headers?.authorization, "Bearer lambda-key-of-the-test");
  assert.ok((requests[0]?.timeoutSeconds ?? 0) > 0 && (requests[0]?.maxBytes ?? 0) > 0);
});

test("a machine has everything but its notebook's token", async () => {
  const { lambda } = setUp();
  const machines = await lambda.list();
  assert.deepEqual(machines, [
    {
      id: WIRE_INSTANCE.id,
      name: "gpu-1",
      hostname: "gpu-1",
      address: "198.51.100.2",
      privateAddress: "10.0.2.100",
      status: "active",
      sshKeyNames: ["work"],
      fileSystemNames: [],
      region: REGION,
      type: TYPE,
      actions: {
        restart: { isAvailable: true, reason: undefined },
        terminate: { isAvailable: false, reason: "It ends." },
        migrate: { isAvailable: true, reason: undefined },
      },
      tags: { "eks-satellite:node": "gpu-1" },
      rulesetIds: ["ruleset-1"],
    },
  ]);
  assert.ok(!JSON.stringify(machines).includes("jupyter"));
});

test("a machine that boots has no addresses, and a status that is new is kept", async () => {
  const { ip: _, private_ip: __, name: ___, tags: ____, ...rest } = WIRE_INSTANCE;
  const { lambda } = setUp({ "GET /instances": [{ ...rest, status: "hibernating", hostname: null }] });
  const [machine] = await lambda.list();
  assert.deepEqual(
    [machine?.address, machine?.privateAddress, machine?.name, machine?.hostname, machine?.status, machine?.tags],
    [undefined, undefined, undefined, undefined, "hibernating", {}],
  );
});

test("a launch says everything once, with one name for machine and host", async () => {
  const { lambda, requests } = setUp();
  const id = await lambda.launch({
    ...{ name: "gpu-1", type: "gpu_1x_a10", region: "us-west-1", sshKey: "work", image: { family: "lambda-stack" } },
    ...{ fileSystems: ["data"], userData: "#cloud-config\n", tags: { "eks-satellite:node": "gpu-1" } },
    rulesetIds: ["ruleset-1"],
  });
  assert.equal(id, WIRE_INSTANCE.id);
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), {
    region_name: "us-west-1",
    instance_type_name: "gpu_1x_a10",
    ssh_key_names: ["work"],
    name: "gpu-1",
    hostname: "gpu-1",
    image: { family: "lambda-stack" },
    file_system_names: ["data"],
    user_data: "#cloud-config\n",
    tags: [{ key: "eks-satellite:node", value: "gpu-1" }],
    firewall_rulesets: [{ id: "ruleset-1" }],
  });
  assert.equal(requests[0]?.headers?.["content-type"], "application/json");
});

test("a launch that makes no machine is an answer that is none", async () => {
  const { lambda } = setUp({ "POST /instance-operations/launch": { instance_ids: [] } });
  const launch = lambda.launch({ name: "g", type: "t", region: "r", sshKey: "k", tags: {} });
  await assert.rejects(launch, { code: "lambda-answer-invalid" });
});

test("restart and terminate name one machine", async () => {
  const { host, lambda, requests } = setUp();
  await settled(host, Promise.all([lambda.restart("a"), lambda.terminate("b")]));
  assert.deepEqual(
    requests.map((request) => [callOf(request), JSON.parse(request.body ?? "")]),
    [
      ["POST /instance-operations/restart", { instance_ids: ["a"] }],
      ["POST /instance-operations/terminate", { instance_ids: ["b"] }],
    ],
  );
});

test("images, keys, file systems and rules are in this program's words", async () => {
  const { host, lambda } = setUp();
  const all = Promise.all([
    lambda.listImages(),
    lambda.listSshKeys(),
    lambda.listFileSystems(),
    lambda.listGlobalRules(),
    lambda.listRulesets(),
  ]);
  const [images, keys, fileSystems, rules, rulesets] = await settled(host, all);
  assert.deepEqual(images, [
    {
      ...{ id: "image-1", name: "Lambda Stack 22.04", family: "lambda-stack-22-04", version: "1.0" },
      ...{ architecture: "x86_64", region: "us-west-1" },
    },
  ]);
  assert.deepEqual(keys, [{ id: "key-1", name: "work", publicKey: "ssh-ed25519 AAAA work" }]);
  assert.deepEqual(fileSystems, [
    { id: "fs-1", name: "data", mountPoint: "/lambda/nfs/data", region: "us-west-1", isInUse: true },
  ]);
  assert.deepEqual(rules, [
    { protocol: "tcp", ports: [22, 22], source: "0.0.0.0/0", description: "SSH" },
    { protocol: "icmp", source: "203.0.113.7/32", description: "" },
  ]);
  assert.deepEqual(rulesets[0]?.machineIds, [WIRE_INSTANCE.id]);
});

test("keys and rulesets are made and deleted", async () => {
  const { host, lambda, requests } = setUp();
  const rules = [
    { protocol: "tcp" as const, ports: [8080, 8080] as const, source: "203.0.113.7/32", description: "gpu-1" },
    { protocol: "icmp" as const, source: "0.0.0.0/0", description: "" },
  ];
  const all = Promise.all([
    lambda.addSshKey("work", "ssh-ed25519 AAAA"),
    lambda.deleteSshKey("key/1"),
    lambda.createRuleset({ name: "eks-satellite-gpu-1", region: "us-west-1", rules }),
    lambda.deleteRuleset("ruleset-1"),
  ]);
  await settled(host, all);
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), { name: "work", public_key: "ssh-ed25519 AAAA" });
  assert.deepEqual(JSON.parse(requests[2]?.body ?? "").rules, [
    { protocol: "tcp", port_range: [8080, 8080], source_network: "203.0.113.7/32", description: "gpu-1" },
    { protocol: "icmp", source_network: "0.0.0.0/0", description: "" },
  ]);
});

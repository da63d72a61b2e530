import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANSWERS,
  errorAnswer,
  firewallRule,
  HOSTNAME,
  instance,
  MAX_USER_DATA_BYTES,
  REQUESTS,
} from "../../../agent/admin/lambda/shapes.ts";
import { TAGS } from "../../../agent/admin/lambda/tags.ts";

const TYPE = {
  name: "gpu_1x_a10",
  description: "1x A10 (24 GB PCIe)",
  gpu_description: "A10 (24 GB PCIe)",
  price_cents_per_hour: 75,
  specs: { vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1 },
};
const INSTANCE = {
  id: "0920582c7ff041399e34823a0be62549",
  status: "booting",
  ssh_key_names: ["work"],
  file_system_names: [],
  region: { name: "us-west-1", description: "California, USA" },
  instance_type: TYPE,
  actions: { restart: { available: false, reason_code: "vm-has-not-launched" }, migrate: {} },
};
const LAUNCH = { region_name: "us-west-1", instance_type_name: "gpu_1x_a10", ssh_key_names: ["work"] };
const launch = REQUESTS["POST /instance-operations/launch"];

test("an instance needs the seven fields that the document requires, and may have any other", () => {
  const { success, data } = instance.safeParse({ ...INSTANCE, something_new: 1, ip: null });
  assert.ok(success);
  assert.equal(data.something_new, 1);
  for (const field of Object.keys(INSTANCE))
    assert.equal(instance.safeParse({ ...INSTANCE, [field]: undefined }).success, false, field);
  assert.ok(instance.safeParse({ ...INSTANCE, status: "hibernating" }).success, "a status of tomorrow");
});

test("the types are a map by name", () => {
  const types = { gpu_1x_a10: { instance_type: TYPE, regions_with_capacity_available: [{ name: "us-west-1" }] } };
  assert.ok(ANSWERS["GET /instance-types"].safeParse(types).success);
  assert.equal(ANSWERS["GET /instance-types"].safeParse([types]).success, false);
});

test("a rule for icmp has no ports", () => {
  assert.ok(firewallRule.safeParse({ protocol: "icmp", source_network: "0.0.0.0/0" }).success);
  assert.ok(
    firewallRule.safeParse({ protocol: "tcp", port_range: [8080, 8081], source_network: "203.0.113.7" }).success,
  );
  assert.equal(firewallRule.safeParse({ protocol: "tcp", port_range: [1], source_network: "" }).success, false);
});

test("a failure has a code", () => {
  assert.ok(
    errorAnswer.safeParse({ error: { code: "global/invalid-api-key", message: "m", suggestion: "s" } }).success,
  );
  assert.equal(errorAnswer.safeParse({ error: "Not Found" }).success, false);
});

for (const [what, change] of [
  ["no SSH key", { ssh_key_names: [] }],
  ["two SSH keys", { ssh_key_names: ["a", "b"] }],
  ["a quantity, which 1.10 does not have", { quantity: 1 }],
  ["a host name in capitals", { hostname: "GPU-1" }],
  ["a name of 65 characters", { name: "n".repeat(65) }],
  ["a tag whose key begins with a digit", { tags: [{ key: "1a", value: "" }] }],
  ["a tag of 129 characters", { tags: [{ key: "ab", value: "v".repeat(129) }] }],
  ["a mount outside the three folders", { file_system_mounts: [{ mount_point: "/mnt", file_system_id: "f" }] }],
  ["an image by id and by family", { image: { id: "i", family: "f" } }],
  ["user data of more than 1 MB", { user_data: "ü".repeat(MAX_USER_DATA_BYTES / 2 + 1) }],
] as const)
  test(`a launch with ${what} is none`, () => {
    assert.ok(launch.safeParse(LAUNCH).success);
    assert.equal(launch.safeParse({ ...LAUNCH, ...change }).success, false);
  });

test("a launch takes our tags, and user data of 1 MB", () => {
  const tags = Object.values(TAGS).map((key) => ({ key, value: "v".repeat(128) }));
  const whole = { ...LAUNCH, hostname: "gpu-1", name: "gpu-1", user_data: "a".repeat(MAX_USER_DATA_BYTES), tags };
  assert.deepEqual(launch.parse(whole), whole);
  assert.ok(HOSTNAME.test("0-a") && !HOSTNAME.test("-a"));
});

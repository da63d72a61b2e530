import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, LAUNCH, WANTED } from "./api-client.ts";

for (const [what, change, code] of [
  ["two SSH keys", { ssh_key_names: ["work", "work"] }, "global/invalid-parameters"],
  ["no SSH key", { ssh_key_names: [] }, "global/invalid-parameters"],
  ["an SSH key that is not there", { ssh_key_names: ["other"] }, "global/object-does-not-exist"],
  ["a host name with capitals", { hostname: "GPU" }, "global/invalid-parameters"],
  ["a host name of 64 characters", { hostname: "a".repeat(64) }, "global/invalid-parameters"],
  ["a tag whose key begins with a digit", { tags: [{ key: "1a", value: "" }] }, "global/invalid-parameters"],
  ["a tag of 129 characters", { tags: [{ key: "aa", value: "x".repeat(129) }] }, "global/invalid-parameters"],
  ["user data of more than 1 MB", { user_data: "x".repeat(1_000_001) }, "global/invalid-parameters"],
  ["a quantity", { quantity: 1 }, "global/invalid-parameters"],
  ["a type that is not there", { instance_type_name: "gpu_9x_a10" }, "global/object-does-not-exist"],
  ["a region that is not there", { region_name: "us-north-1" }, "global/object-does-not-exist"],
  ["an image that is not there", { image: { family: "none" } }, "global/object-does-not-exist"],
  ["a file system that is not there", { file_system_names: ["none"] }, "global/object-does-not-exist"],
  ["a ruleset that is not there", { firewall_rulesets: [{ id: "none" }] }, "global/object-does-not-exist"],
  ["a type that its region has not", { region_name: "us-east-1" }, "instance-operations/launch/insufficient-capacity"],
  [
    "a file system of another region",
    { region_name: "us-south-1", file_system_names: ["data"] },
    "instance-operations/launch/file-system-in-wrong-region",
  ],
] as const)
  test(`a launch with ${what} is refused, and makes nothing`, () => {
    const client = new Client();
    assert.equal(client.refused(...LAUNCH, { ...WANTED, ...change }), `400 ${code}`);
    assert.deepEqual(client.ok("GET", "/instances"), []);
  });

test("a mount point is below the three folders that may have one", () => {
  const client = new Client();
  const [{ id }] = client.ok("GET", "/file-systems");
  const mounted = (path: string) => ({ file_system_mounts: [{ mount_point: path, file_system_id: id }] });
  assert.equal(client.refused(...LAUNCH, { ...WANTED, ...mounted("/etc") }), "400 global/invalid-parameters");
  client.launch(mounted("/data/models"));
  assert.equal(client.ok("GET", "/file-systems")[0].is_in_use, true);
  assert.equal(client.refused("DELETE", `/filesystems/${id}`), "400 filesystems/filesystem-in-use");
});

test("the account has no more machines than its quota", () => {
  const client = new Client({ quota: 1 });
  client.launch();
  assert.equal(client.refused(...LAUNCH, WANTED), "400 global/quota-exceeded");
});

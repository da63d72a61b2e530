import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, KEY, LAUNCH, WANTED } from "./api-client.ts";
import type { ApiAnswer } from "./lambda-api.ts";

const WEB = { protocol: "tcp", port_range: [8080, 8080], source_network: "203.0.113.7", description: "web" };

test("a key is taken as Bearer or as the user of Basic, and no other", () => {
  const client = new Client();
  client.ok("GET", "/instances");
  client.authorization = `Basic ${Buffer.from(`${KEY}:`).toString("base64")}`;
  client.ok("GET", "/instances");
  for (const wrong of [undefined, "Bearer other", `Basic ${Buffer.from(`:${KEY}`).toString("base64")}`]) {
    client.authorization = wrong;
    assert.equal(client.refused("GET", "/instances"), "401 global/invalid-api-key");
  }
});

test("two requests within a second are one too many, and two launches within twelve", () => {
  const client = new Client();
  client.stepMs = 999;
  client.ok("GET", "/regions");
  assert.equal(client.refused("GET", "/regions"), "429");
  client.ok("GET", "/regions");
  client.stepMs = 1000;
  client.launch();
  client.stepMs = 11_999;
  assert.equal(client.refused(...LAUNCH, WANTED), "429");
  client.stepMs = 1;
  client.launch();
});

test("a launched machine boots without an address, and is found by its tags", () => {
  const client = new Client();
  const tags = [{ key: "eks-satellite:node", value: "gpu-1" }];
  const id = client.launch({ name: "gpu-1", hostname: "gpu-1", tags, user_data: "#cloud-config\n" });
  const [machine] = client.ok("GET", "/instances");
  assert.deepEqual([machine.id, machine.status, machine.ip, machine.tags], [id, "booting", undefined, tags]);
  assert.equal(client.ok("GET", `/instances/${id}`).hostname, "gpu-1");
  assert.ok(!JSON.stringify(machine).includes("cloud-config"), "user data is never shown");
});

test("a ruleset is of a region, attached at launch alone, and stays while a machine has it", () => {
  const client = new Client();
  const make = (region: string) => client.ok("POST", "/firewall-rulesets", { name: "gpu-1", region, rules: [WEB] });
  const [here, elsewhere] = [make("us-west-1"), make("us-east-1")];
  assert.equal(here.rules[0].source_network, "203.0.113.7/32", "no mask is one address");
  assert.equal(
    client.refused(...LAUNCH, { ...WANTED, firewall_rulesets: [{ id: elsewhere.id }] }),
    "400 global/invalid-parameters",
  );
  const id = client.launch({ firewall_rulesets: [{ id: here.id }] });
  assert.equal(
    client.refused("POST", `/instances/${id}`, { name: "gpu-1", firewall_rulesets: [{ id: elsewhere.id }] }),
    "400 global/invalid-parameters",
  );
  assert.deepEqual(client.ok("GET", `/firewall-rulesets/${here.id}`).instance_ids, [id]);
  assert.equal(
    client.refused("DELETE", `/firewall-rulesets/${here.id}`),
    "409 firewall-rulesets/firewall-ruleset-in-use",
  );
  client.ok("DELETE", `/firewall-rulesets/${elsewhere.id}`);
  assert.equal(
    client.refused("POST", "/firewall-rulesets", { name: "gpu-1", region: "us-west-1", rules: [] }),
    "400 global/duplicate",
  );
});

test("PUT of the account's rules replaces them all", () => {
  const client = new Client();
  assert.equal(client.ok("GET", "/firewall-rules").length, 2, "SSH and ping");
  client.ok("PUT", "/firewall-rules", { data: [WEB] });
  assert.deepEqual(
    client.ok("GET", "/firewall-rules").map(({ port_range }: { port_range: unknown }) => port_range),
    [[8080, 8080]],
  );
  for (const rule of [
    { ...WEB, protocol: "icmp" },
    { ...WEB, port_range: undefined },
    { ...WEB, port_range: [2, 1] },
    { ...WEB, source_network: "0.0.0.0/33" },
    { ...WEB, source_network: "2001:db8::/32" },
    { ...WEB, description: "x".repeat(129) },
  ])
    assert.equal(client.refused("PUT", "/firewall-rules", { data: [rule] }), "400 global/invalid-parameters");
});

test("only a machine that runs is restarted; a machine that is not there is not terminated", () => {
  const client = new Client();
  const id = client.launch();
  const named = { instance_ids: [id] };
  assert.equal(client.refused("POST", "/instance-operations/restart", named), "409 global/conflict");
  const none = { instance_ids: [id, "none"] };
  assert.equal(client.refused("POST", "/instance-operations/terminate", none), "404 global/object-does-not-exist");
  const [machine] = client.ok("POST", "/instance-operations/terminate", named).terminated_instances;
  assert.deepEqual(
    [machine.status, machine.actions.terminate.available, machine.actions.terminate.reason_code],
    ["terminating", false, "vm-is-terminating"],
  );
});

test("while there is no room for one machine more, no region has capacity", () => {
  const client = new Client();
  client.world.hasRoom = false;
  const types: Record<string, { regions_with_capacity_available: unknown[] }> = client.ok("GET", "/instance-types");
  for (const [name, { regions_with_capacity_available: found }] of Object.entries(types))
    assert.deepEqual(found, [], name);
  assert.match(client.refused(...LAUNCH, WANTED), /insufficient-capacity/);
});

test("a lost answer, and that of a proxy where it says so, leave a machine behind", () => {
  const on = LAUNCH.join(" ");
  const client = new Client({ faults: [{ kind: "answer-lost", on, times: 1 }] });
  assert.equal(client.reply(...LAUNCH, WANTED), "closed");
  assert.equal(client.ok("GET", "/instances").length, 1);
  for (const isDone of [false, true]) {
    client.world.settings = { faults: [{ kind: "html-502", on, times: 1, isDone }] };
    const reply = client.reply(...LAUNCH, WANTED) as ApiAnswer;
    assert.deepEqual([reply.status, reply.headers["content-type"]], [502, "text/html"]);
    assert.equal(client.ok("GET", "/instances").length, isDone ? 2 : 1);
  }
});

test("capacity that is shown can be gone at the launch, and a fault is over after its times", () => {
  const client = new Client({ faults: [{ kind: "capacity-gone", on: LAUNCH.join(" "), times: 1 }] });
  assert.equal(client.ok("GET", "/instance-types").gpu_1x_a10.regions_with_capacity_available[0].name, "us-west-1");
  assert.match(client.refused(...LAUNCH, WANTED), /insufficient-capacity/);
  client.launch();
});

test("429 comes with Retry-After or without, and a key is revoked until the fault is removed", () => {
  const client = new Client({
    faults: [
      { kind: "too-many-requests", times: 1, retryAfter: 7 },
      { kind: "too-many-requests", times: 1 },
      { kind: "provider-unavailable", times: 1 },
      { kind: "key-revoked" },
    ],
  });
  assert.equal((client.reply("GET", "/instances") as ApiAnswer).headers["retry-after"], "7");
  assert.equal((client.reply("GET", "/instances") as ApiAnswer).headers["retry-after"], undefined);
  assert.equal(client.refused("GET", "/instances"), "503 provider/internal-unavailable");
  for (const _ of [1, 2]) assert.equal(client.refused("GET", "/instances"), "401 global/invalid-api-key");
  client.world.settings = {};
  client.ok("GET", "/instances");
});

test("a machine may have a status of tomorrow, and no private address", () => {
  const client = new Client({ statuses: { "gpu-1": "migrating" }, hidesPrivateAddress: true });
  client.launch({ name: "gpu-1" });
  const { account } = client.world;
  client.world.account = {
    ...account,
    machines: account.machines.map((one) => ({ ...one, privateAddress: "10.0.0.1" })),
  };
  const [machine] = client.ok("GET", "/instances");
  assert.deepEqual([machine.status, machine.private_ip], ["migrating", undefined]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpMachines } from "../../fakes/machine-admin.ts";

const CLUSTER = ["--cluster", "demo", "--region", "us-west-2"];
const CLUSTER_ARN = "arn:aws:eks:us-west-2:111122223333:cluster/demo";
const TAGS = { "eks-satellite:node": "gpu-1", "eks-satellite:cluster": CLUSTER_ARN };
const ROLE = "arn:aws:iam::111122223333:role/eks-satellite-gpu-1";

/** A machine that a launch has made, with a Node. */
async function setUpLaunched() {
  const all = setUpMachines();
  const running = all.launch("--open", "8080");
  await all.host.clock.advance(100_000);
  all.nodes.put("gpu-1", true, ["web", "db"]);
  assert.equal(await all.finish(running), 0, all.printed());
  return all;
}

test("drained, ended, and with --revoke nothing of it is left", async () => {
  const { terminate, finish, lambda, nodes, adminAws, kubernetes, printed } = await setUpLaunched();
  kubernetes.sent.length = 0;
  assert.equal(await finish(terminate(["gpu-1"], "--revoke")), 0);
  assert.deepEqual(lambda.running(), []);
  assert.deepEqual([lambda.rulesets, [...nodes.nodes], [...adminAws.entries]], [[], [], []]);
  assert.deepEqual([...adminAws.roles.keys()], ["nodes"], "the role was made for it, and goes with it");
  const order = kubernetes.sent.filter((line) => !line.startsWith("GET")).map((line) => line.split(" ")[0]);
  assert.deepEqual(order, ["PATCH", "POST", "POST", "DELETE"], "cordoned, evicted, and the Node deleted at the end");
  assert.match(printed(), /… machine gpu-1 terminated: terminating \(\d+ s\)/);
});

test("without --revoke the access stays, which is said", async () => {
  const { terminate, finish, adminAws, printed } = await setUpLaunched();
  assert.equal(await finish(terminate(["gpu-1"])), 0);
  assert.deepEqual([...adminAws.entries.keys()], [ROLE]);
  assert.match(printed(), /! the access of gpu-1 stays, for a next machine of that name: --revoke removes it/);
});

test("a dry run, and a user who says no, end nothing", async () => {
  const { terminate, finish, lambda, user, printed } = await setUpLaunched();
  assert.equal(await finish(terminate(["gpu-1"], "--dry-run")), 0);
  user.saysYes = false;
  assert.equal(await finish(terminate(["gpu-1"])), 2);
  user.confirm = async () => false;
  assert.equal(await finish(terminate(["gpu-1"])), 2);
  assert.equal(lambda.calls.includes("terminate"), false);
  assert.equal(lambda.running().length, 1);
  assert.match(printed(), /nothing was ended: there is no terminal/);
});

test("a machine whose Node is gone is ended, and the missing Node is said", async () => {
  const { terminate, finish, lambda, printed } = setUpMachines();
  lambda.put({ name: "gpu-1", tags: TAGS });
  assert.equal(await finish(terminate(["gpu-1"])), 0);
  assert.deepEqual(lambda.running(), []);
  assert.match(printed(), /! there is no Node gpu-1: nothing is drained/);
});

test("a Node whose machine is gone is deleted, but never one that is Ready", async () => {
  const { terminate, finish, nodes, printed } = setUpMachines();
  nodes.put("gpu-1", false);
  assert.equal(await finish(terminate(["gpu-1"], ...CLUSTER)), 0);
  assert.deepEqual([...nodes.nodes], []);
  assert.match(printed(), /! no machine at Lambda is gpu-1: only its Node/);
  nodes.put("gpu-2", true);
  await assert.rejects(finish(terminate(["gpu-2"], ...CLUSTER)), { code: "node-elsewhere", message: /gpu-2 is Ready/ });
  assert.equal(nodes.nodes.size, 1);
});

test("a machine that another cluster owns is refused, before anything is done to any", async () => {
  const { terminate, finish, lambda } = setUpMachines();
  const owner = "arn:aws:eks:eu-west-1:111122223333:cluster/other";
  lambda.put({ name: "gpu-1", tags: TAGS });
  lambda.put({ name: "gpu-2", tags: { ...TAGS, "eks-satellite:node": "gpu-2", "eks-satellite:cluster": owner } });
  await assert.rejects(finish(terminate(["gpu-1", "gpu-2"], ...CLUSTER)), {
    code: "machine-other-cluster",
    message: /gpu-2 belongs to .*other/,
  });
  assert.equal(lambda.running().length, 2);
});

test("what was left of a launch that ended early is removed by name; then there is nothing of that name", async () => {
  const { terminate, finish, lambda, adminAws } = setUpMachines();
  await lambda.createRuleset({ name: "eks-satellite-gpu-1", region: "us-west-1", rules: [] });
  await lambda.addSshKey("eks-satellite-gpu-1", "ssh-ed25519 AAAA");
  assert.equal(await finish(terminate(["gpu-1"], ...CLUSTER, "--revoke")), 0);
  assert.deepEqual([lambda.rulesets, lambda.sshKeys.map(({ name }) => name)], [[], ["work"]]);
  assert.deepEqual([...adminAws.entries], []);
  await assert.rejects(finish(terminate(["gpu-1"], ...CLUSTER)), { code: "machine-not-found", hint: /machine list/ });
});

test("a ruleset that another machine has stays", async () => {
  const { terminate, finish, lambda } = setUpMachines();
  const { id } = await lambda.createRuleset({ name: "eks-satellite-gpu-1", region: "us-west-1", rules: [] });
  lambda.put({ name: "gpu-1", tags: TAGS, rulesetIds: [id] });
  lambda.put({ name: "gpu-2", rulesetIds: [id] });
  assert.equal(await finish(terminate(["gpu-1"])), 0);
  assert.equal(lambda.rulesets.length, 1);
});

test("a role of several nodes loses this one's name alone; one that others made stays with its access", async () => {
  const { terminate, finish, lambda, adminAws, admin, printed } = setUpMachines();
  const trustedArn = "arn:aws:iam::111122223333:user/gpu-machines";
  await admin.authorize({ createRole: "shared", trustedArn, nodeName: ["gpu-1", "gpu-2"] });
  lambda.put({ name: "gpu-1", tags: TAGS });
  const shared = "arn:aws:iam::111122223333:role/shared";
  assert.equal(await finish(terminate(["gpu-1"], "--revoke", "--role-arn", shared)), 0);
  assert.match(adminAws.roles.get("shared")?.trustPolicy ?? "", /"sts:RoleSessionName":"gpu-2"/);
  assert.deepEqual([...adminAws.entries.keys()], [shared]);
  lambda.put({ name: "gpu-1", tags: TAGS });
  adminAws.addEntry("arn:aws:iam::111122223333:role/nodes", "HYBRID_LINUX");
  assert.equal(await finish(terminate(["gpu-1"], "--revoke", "--role-arn", "arn:aws:iam::111122223333:role/nodes")), 0);
  assert.ok(adminAws.entries.has("arn:aws:iam::111122223333:role/nodes"));
  assert.match(printed(), /role .*nodes was not made for nodes of demo: it stays/);
});

test("without the right to see Nodes, or without a cluster, the machine is ended all the same, which is said", async () => {
  const { terminate, finish, lambda, nodes, printed } = setUpMachines();
  nodes.isDenied = true;
  lambda.put({ name: "gpu-1", tags: TAGS });
  assert.equal(await finish(terminate(["gpu-1"])), 0);
  assert.match(printed(), /! Node gpu-1 is neither drained nor deleted: /);
  lambda.put({ name: "gpu-2" });
  assert.equal(await finish(terminate(["gpu-2"])), 0);
  assert.match(printed(), /! gpu-2 has no tag of eks-satellite/);
  assert.match(printed(), /! which cluster it is of is not known/);
  assert.deepEqual(lambda.running(), []);
});

test("two machines of one name are ended by their ids", async () => {
  const { terminate, finish, lambda } = setUpMachines();
  const ids = [lambda.put({ name: "gpu-1", tags: TAGS }), lambda.put({ name: "gpu-1", tags: TAGS })];
  await assert.rejects(finish(terminate(["gpu-1"])), {
    code: "machine-ambiguous",
    hint: new RegExp(ids.join(", ")),
  });
  assert.equal(await finish(terminate([ids[1] ?? ""])), 0);
  assert.deepEqual(
    lambda.running().map(({ id }) => id),
    [ids[0]],
  );
});

test("a lost answer is asked again, and one that fails does not keep the others", async () => {
  const { terminate, finish, lambda } = setUpMachines();
  const other = { "eks-satellite:node": "gpu-2", "eks-satellite:cluster": CLUSTER_ARN };
  lambda.put({ name: "gpu-1", tags: TAGS });
  lambda.put({ name: "gpu-2", tags: other });
  lambda.loseAnswer("terminate");
  assert.equal(await finish(terminate(["gpu-1"])), 0);
  lambda.put({ name: "gpu-1", tags: TAGS });
  lambda.refuse("terminate", 409, "global/conflict");
  await assert.rejects(finish(terminate(["gpu-1", "gpu-2"])), {
    code: "lambda-conflict",
    hint: /terminate gpu-1 continues from there/,
  });
  assert.deepEqual(
    lambda.running().map(({ name }) => name),
    ["gpu-1"],
  );
});

test("Ctrl-C while pods end, or while the machine does, says that it may still cost", async () => {
  for (const pods of [["stuck"], []]) {
    const { terminate, lambda, nodes, host, stop } = setUpMachines();
    lambda.put({ name: "gpu-1", tags: TAGS });
    nodes.put("gpu-1", true, pods);
    if (pods.length > 0) nodes.keep = true;
    const failed = assert.rejects(terminate(["gpu-1"]), {
      code: "interrupted",
      message: /gpu-1 may still run, and cost/,
    });
    await host.clock.advance(10_000);
    stop.abort();
    await host.clock.advance(1000);
    await failed;
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { A10 } from "../../fakes/lambda-samples.ts";
import { setUpMachines } from "../../fakes/machine-admin.ts";

const ROLE = "arn:aws:iam::111122223333:role/eks-satellite-gpu-1";

test("one plan makes role, access, ruleset and machine, and follows it to a Ready Node", async () => {
  const { launch, finish, lambda, nodes, adminAws, host, printed } = setUpMachines();
  const running = launch("--open", "tcp:8080");
  await host.clock.advance(200_000);
  nodes.put("gpu-1", false);
  await host.clock.advance(20_000);
  nodes.put("gpu-1", true);
  assert.equal(await finish(running), 0, printed());
  const [request] = lambda.launches;
  assert.deepEqual([request?.name, request?.region, request?.sshKey], ["gpu-1", "us-west-1", "work"]);
  assert.equal(request?.tags["eks-satellite:node"], "gpu-1");
  assert.match(request?.tags["eks-satellite:cluster"] ?? "", /cluster\/demo$/);
  assert.match(request?.tags["eks-satellite:launch"] ?? "", /^[0-9a-f-]{36}$/);
  assert.match(request?.tags["eks-satellite:since"] ?? "", /^2026-/);
  assert.match(request?.userData ?? "", /^#cloud-config/);
  assert.ok(request?.userData?.includes(ROLE));
  assert.match(request?.userData ?? "", /rented\.json[\s\S]*"cloud":"lambda","name":"gpu-1"/);
  assert.deepEqual(
    lambda.rulesets.map(({ name, rules }) => [name, rules.map(({ source, ports }) => `${ports?.[0]} ${source}`)]),
    [["eks-satellite-gpu-1", ["8080 203.0.113.7/32"]]],
  );
  assert.deepEqual([...adminAws.entries.keys()], [ROLE]);
  const { trustPolicy = "" } = adminAws.roles.get("eks-satellite-gpu-1") ?? {};
  assert.match(trustPolicy, /user\/gpu-machines/, "whoever's keys the machine gets may assume the role");
  assert.match(printed(), /gpu_1x_a10 in us-west-1: .*0\.75 USD an hour/);
  assert.match(printed(), /… machine gpu-1 active: booting \(\d+ s\)/);
  assert.match(printed(), /… Node gpu-1 Ready: no Node yet/);
  assert.match(printed(), /✓ Node gpu-1 Ready, v1\.34\.4, nvidia\.com\/gpu: 1/);
  assert.match(printed(), /stop paying: eks-satellite machine terminate gpu-1/);
  assert.doesNotMatch(printed(), /AKIA[A-Z0-9]{8}|secretkey/i, "no key is shown");
});

test("a dry run asks, and makes nothing", async () => {
  const { launch, finish, lambda, adminAws, printed } = setUpMachines();
  assert.equal(await finish(launch("--dry-run", "--open", "8080:198.51.100.0/24")), 0);
  assert.deepEqual(
    lambda.calls.filter((call) => !call.startsWith("list")),
    [],
  );
  assert.ok(
    adminAws.calls.every((call) => /:(Get|Describe|List)/.test(call)),
    adminAws.calls.join(),
  );
  assert.match(printed(), /\+ {2}"userData": "\d\.\d KiB, with AWS keys"/);
  assert.match(printed(), /tcp 8080 from 198\.51\.100\.0\/24/);
});

test("any region is one whose rules apply, where one has capacity", async () => {
  const { launch, finish, lambda } = setUpMachines();
  const regions = ["us-south-1", "us-west-1"].map((name) => ({ name, description: name }));
  lambda.offers = [{ ...A10, regions }];
  assert.equal(await finish(launch("--wait", "0")), 0);
  assert.equal(lambda.launches[0]?.region, "us-west-1");
});

test("without a terminal nothing is made unless --yes is given, and with one the price is in the question", async () => {
  const { lambda, finish, user, printed, launch } = setUpMachines();
  user.saysYes = false;
  assert.equal(await finish(launch()), 2);
  assert.match(printed(), /nothing was made: there is no terminal to ask for confirmation/);
  const asked: string[] = [];
  user.confirm = async (question) => asked.push(question) > 1;
  assert.equal(await finish(launch()), 2);
  assert.deepEqual(lambda.launches, []);
  assert.equal(await finish(launch("--wait", "0")), 0);
  assert.match(asked[0] ?? "", /Launch\? It costs 0\.75 USD an hour until `eks-satellite machine terminate gpu-1`/);
  assert.equal(lambda.launches.length, 1);
});

test("a machine of that name, or a Node, is a refusal before anything is made", async () => {
  const { launch, finish, lambda, nodes, adminAws } = setUpMachines();
  const id = lambda.put({ name: "gpu-1" });
  await assert.rejects(finish(launch()), { code: "machine-exists", message: new RegExp(id) });
  lambda.setStatus(id, "terminated");
  nodes.put("gpu-1", true);
  await assert.rejects(finish(launch()), { code: "node-exists", hint: /terminate gpu-1/ });
  assert.deepEqual([lambda.launches, [...adminAws.entries]], [[], []]);
});

test("a cluster that keeps the machine out is a refusal, unless the user knows better", async () => {
  const { launch, finish, aws, lambda } = setUpMachines();
  aws.cluster = {
    ...aws.cluster,
    status: "ACTIVE",
    vpc: { ...(aws.cluster.vpc ?? {}), hasPublicEndpoint: false, publicCidrs: [] } as never,
  };
  await assert.rejects(finish(launch()), { code: "cluster-obstacle", hint: /--ignore-obstacles/ });
  assert.deepEqual(lambda.launches, []);
  assert.equal(await finish(launch("--ignore-obstacles", "--wait", "0")), 0);
});

test("a failure takes back what was made, the latest first, and nothing that was there before", async () => {
  const { launch, finish, lambda, adminAws, printed } = setUpMachines();
  adminAws.addEntry("arn:aws:iam::111122223333:role/other", "HYBRID_LINUX");
  lambda.refuse("launch", 400, "global/quota-exceeded");
  await assert.rejects(finish(launch("--open", "8080")), { code: "lambda-quota-exceeded", message: /nothing is left/ });
  assert.deepEqual([...adminAws.entries.keys()], ["arn:aws:iam::111122223333:role/other"]);
  assert.deepEqual([...adminAws.roles.keys()], ["nodes"]);
  assert.deepEqual(lambda.rulesets, []);
  const undone = [...printed().matchAll(/↩ undone: create (.*)/g)].map(([, what]) => what?.split(" ")[0]);
  assert.deepEqual(undone, ["firewall", "access", "policy", "trust"]);
});

test("what cannot be undone is named, with the command that frees it", async () => {
  const { launch, finish, lambda, adminAws } = setUpMachines();
  lambda.refuse("launch", 400, "global/quota-exceeded");
  adminAws.denied.add("eks:DeleteAccessEntry");
  await assert.rejects(finish(launch()), {
    message: /what was made stays: access entry of/,
    hint: /terminate gpu-1 --cluster demo --region us-west-2 --revoke/,
  });
  assert.deepEqual([...adminAws.roles.keys()], ["nodes"], "the role is undone all the same");
});

test("a Node that is never Ready is exit 2: the machine is left, and the command that ends it is printed", async () => {
  const { launch, finish, lambda, nodes, printed } = setUpMachines();
  nodes.put("other", true);
  assert.equal(await finish(launch("--wait", "10m")), 2);
  assert.equal(lambda.running().length, 1);
  assert.match(printed(), /✗ gpu-1 is not Ready: no Node has come, after 600 s/);
  assert.match(printed(), /stop paying: eks-satellite machine terminate gpu-1/);
});

test("without the right to see Nodes the launch goes on, and says that it cannot see the Node", async () => {
  const { launch, finish, nodes, printed } = setUpMachines();
  nodes.isDenied = true;
  const running = finish(launch());
  await assert.rejects(running, { code: "api-forbidden", message: /machine gpu-1 .* is left, and costs/ });
  assert.match(printed(), /! whether there is a Node gpu-1 is not known/);
});

test("options that do not belong together are refused", async () => {
  const { launch } = setUpMachines();
  for (const args of [
    ["--role-arn", ROLE],
    ["--ssh-key", "a", "--ssh-public-key", "b"],
    ["--image-id", "a", "--image-family", "b"],
    ["--ssh-identity", "x"],
    ["--open", "10250:0.0.0.0/0"],
  ])
    await assert.rejects(launch(...args), { code: "options-invalid", hint: /\.$/ }, args.join(" "));
});

test("JSON has the plan and the outcome, and progress goes to standard error", async () => {
  const { launch, finish, printed, noted } = setUpMachines();
  assert.equal(await finish(launch("--output", "json", "--wait", "0")), 0);
  const document = JSON.parse(printed());
  assert.equal(document.launched.state, "launched");
  assert.equal(document.centsPerHour, 75);
  assert.match(noted(), /✓ create machine gpu-1/);
});

// docs/tutorials/lambda.md word for word, on the sandbox's Lambda: a cluster is picked, a machine is launched with real cloud-init, its application
// answers from outside, and in the end nothing is left. Then launches that go wrong.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { webImage } from "../sandbox/images.ts";
import { isThere, writeAccount } from "../sandbox/lambda/account.ts";
import { changeSettings, writeSettings } from "../sandbox/lambda/settings.ts";
import { clusterName, region } from "../sandbox/state.ts";
import { waitFor } from "../sandbox/wait.ts";
import { documentedBlocks } from "./documented-blocks.ts";
import { CLUSTER, lambdaAccount, PARTICULAR, type Picture, Rented } from "./rented.ts";

const NODE = "gpu-1";
const LAUNCH = `eks-satellite machine launch ${PARTICULAR}`;

let rented: Rented;
let untouched: Picture;
before(async () => {
  rented = await Rented.bringUp();
  untouched = await rented.picture();
});
after(() => rented?.close());

const page = async () =>
  documentedBlocks("lambda", {
    "eks-satellite machine launch": LAUNCH,
    "ADDRESS-OF-THE-MACHINE": await rented.sandbox.nat.publicAddress(),
    "public.ecr.aws/docker/library/busybox:1.36": webImage,
    "my-cluster": clusterName,
    "us-east-1": region,
  });

/** Runs one of the page's blocks, and answers its question. */
async function block(number: number, typed?: string): Promise<string> {
  const text = (await page())[number - 1] ?? "";
  const { exitCode, stdout, stderr } = await rented.run(`set -e\n${text}`, typed === undefined ? {} : { typed });
  assert.equal(exitCode, 0, `${text}\n${stdout}${stderr}`);
  return stdout;
}

const machineOf = async (name: string) =>
  (await lambdaAccount(rented.sandbox)).machines.find((machine) => isThere(machine) && machine.name === name);

test("a cluster is picked, and kubectl gets a way to it", async () => {
  assert.match(await block(2), new RegExp(`^${clusterName} `, "m"));
  assert.match(await block(3), /context arn:aws:eks/);
});

test("what is free, where and for how much", async () => {
  assert.match(await block(4), /^gpu_1x_a10 .*0\.75 .*us-west-1/m);
});

test("one command makes role, access, ruleset and machine, and waits until the Node is Ready", async () => {
  const said = await block(5, "y\n");
  assert.match(said, /0\.75 USD/);
  assert.match(said, /✓ Node gpu-1 Ready, v1\./);
  assert.match(await block(6), /^gpu-1 +Ready /m);
  assert.equal((await rented.sandbox.box(["hostname"])).stdout.trim(), NODE);
  const { stdout } = await rented.sandbox.box(["cloud-init", "status", "--long"], { mayFail: true });
  assert.match(stdout, /^status: (done|running)/m, stdout);
});

test("the application answers from outside at the opened port, and kubelet at none", async () => {
  await block(7);
  assert.match(await block(8), /^hello$/m);
  const address = await rented.sandbox.nat.publicAddress();
  assert.match((await rented.sandbox.box(["ss", "--listening", "--tcp", "--numeric"])).stdout, /:10250 /);
  const knock = await rented.run(`curl --silent --insecure --max-time 3 https://${address}:10250/healthz`);
  assert.equal(knock.exitCode, 28, "no packet gets to it, although it listens");
});

test("machine list shows the machine beside its Node, and what it costs", async () => {
  assert.match(await block(9), /^gpu-1 +gpu_1x_a10 +us-west-1 .*active +gpu-1 Ready/m);
});

test("terminate leaves nothing in Lambda, IAM, EKS, EC2 and the cluster", async () => {
  await block(10, "y\n");
  assert.doesNotMatch(await block(11), /gpu-1/);
  const explain = async () => JSON.stringify((await rented.picture()).objects);
  await waitFor({ what: "pods of the deleted Node to go", deadlineMs: 40_000, intervalMs: 1000, explain }, async () => {
    return JSON.stringify((await rented.picture()).objects) === JSON.stringify(untouched.objects);
  });
  assert.deepEqual(await rented.picture(), untouched);
});

test("over ssh a machine becomes a Ready node without keys in its user data, and a key that it does not know is said", async () => {
  await rented.laptop.addFile("ssh-key", await readFile(join(rented.sandbox.folder, "lambda/ssh-key")));
  const joined = await rented.run(`${launchOf("gpu-5")} --join ssh --ssh-identity ssh-key`);
  assert.equal(joined.exitCode, 0, joined.stdout + joined.stderr);
  const { stdout: scanned } = await rented.sandbox.box(["ssh-keygen", "-l", "-f", "/etc/ssh/ssh_host_ed25519_key.pub"]);
  const [, fingerprint = ""] = scanned.split(" ");
  assert.match(fingerprint, /^SHA256:/);
  assert.ok(joined.stdout.includes(`accepted at first sight: ssh-ed25519 ${fingerprint};`), joined.stdout);
  assert.match(joined.stdout, /✓ Node gpu-5 Ready, v1\./);
  assert.equal((await machineOf("gpu-5"))?.userData, "");
  assert.equal((await rented.run(terminateOf("gpu-5"))).exitCode, 0);
  const refused = await rented.run(
    `ssh-keygen -q -t ed25519 -N "" -f other-key && ${launchOf("gpu-6")} --join ssh --ssh-identity other-key`,
  );
  assert.equal(refused.exitCode, 1, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /Permission denied .*machine gpu-6 .* is left.*code=ssh-failed/s);
  assert.equal((await rented.run(terminateOf("gpu-6"))).exitCode, 0);
});

/** Machines that are launched now become active and cost, and nothing runs. */
const launchIdle = () => changeSettings(rented.sandbox.folder, (settings) => ({ ...settings, launchesIdle: true }));

const launchOf = (name: string) =>
  `${LAUNCH} ${name} ${CLUSTER} --type gpu_1x_a10 --cloud-region us-west-1 --create-role --credentials-file keys --yes`;
const terminateOf = (name: string) => `eks-satellite machine terminate ${name} ${CLUSTER} --revoke --yes`;

test("a machine that never becomes a node is left, and its price and its end are said; a lost answer makes no second one", async () => {
  await launchIdle();
  const lost = { kind: "answer-lost", on: "POST /instance-operations/launch", times: 1 } as const;
  await changeSettings(rented.sandbox.folder, (settings) => ({ ...settings, faults: [lost] }));
  const { exitCode, stdout, stderr } = await rented.run(`${launchOf("gpu-2")} --wait 5s`);
  assert.equal(exitCode, 2, stdout + stderr);
  assert.match(stdout + stderr, /eks-satellite machine terminate gpu-2/);
  assert.match(stdout + stderr, /0\.75 USD an hour/);
  const { machines } = await lambdaAccount(rented.sandbox);
  assert.equal(machines.filter(({ name }) => name === "gpu-2").length, 1);
  const list = await rented.run(`eks-satellite machine list ${CLUSTER}`);
  assert.match(list.stdout, /^gpu-2 +gpu_1x_a10 .*active +none/m, list.stdout + list.stderr);
});

test("Ctrl-C at the wait says what is left and how to end it", async () => {
  const untilItWaits = `until grep -q "Node gpu-3 Ready: no Node" said; do kill -0 $launch && sleep 0.2 || break; done`;
  const { exitCode, stdout, stderr } = await rented.run(
    `set -m; ${launchOf("gpu-3")} >said 2>&1 & launch=$!; ${untilItWaits}; kill -INT $launch; wait $launch; code=$?; cat said; exit $code`,
  );
  assert.equal(exitCode, 1, stdout + stderr);
  assert.match(stdout + stderr, /eks-satellite machine terminate gpu-3/);
  assert.equal((await machineOf("gpu-3"))?.status, "active");
});

test("a machine of another cluster is not ended, and a Node whose machine is gone is deleted", async () => {
  const account = await lambdaAccount(rented.sandbox);
  const machines = account.machines.map((machine) => {
    if (machine.name !== "gpu-3") return machine;
    const tags = machine.tags.map(({ key, value }) => ({ key, value: value.replace(/cluster\/.*$/, "cluster/other") }));
    return { ...machine, tags };
  });
  await writeAccount(rented.sandbox.folder, { ...account, machines });
  const refused = await rented.run(terminateOf("gpu-3"));
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /cluster\/other/);
  assert.equal((await machineOf("gpu-3"))?.status, "active");
  await writeAccount(rented.sandbox.folder, account);
  const node = JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name: "gpu-7" } });
  await rented.sandbox.kubectl(["apply", "--filename=-"], node);
  const { exitCode, stdout, stderr } = await rented.run(terminateOf("gpu-7"));
  assert.equal(exitCode, 0, stdout + stderr);
  assert.doesNotMatch(await rented.sandbox.kubectl(["get", "nodes", "--output=name"]), /gpu-7/);
});

test("machines whose Nodes never came are ended, and nothing is left", async () => {
  const { exitCode, stdout, stderr } = await rented.run(terminateOf("gpu-2 gpu-3"));
  assert.equal(exitCode, 0, stdout + stderr);
  await writeSettings(rented.sandbox.folder, {});
  assert.deepEqual(await rented.picture(), untouched);
});

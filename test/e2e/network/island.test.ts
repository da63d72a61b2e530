// A node behind a NAT, without a gateway: Ready, and out of the control plane's reach. Then every step that a gateway's making takes, and what each is for.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { down } from "../../sandbox/down.ts";
import { execIn } from "../../sandbox/links.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { readRequest, type SigningRequest } from "../../sandbox/serving-request.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import { up } from "../../sandbox/up.ts";
import { apiEniAddresses, type VpcAddresses } from "../../sandbox/vpc/addresses.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { webName } from "../../sandbox/workload.ts";
import { claimSandbox } from "../pool.ts";
import { answersTo, HandMadeGateway, nodeAddress, nodeNetwork } from "./hand-made-gateway.ts";

let sandbox: Sandbox;
let vpc: VpcAddresses;
let gateway: HandMadeGateway;
/** The API server gives up after 30 s: it tries while the other tests run. */
let logs: Promise<string>;

before(async () => {
  const folder = join(cacheFolder(), await claimSandbox("vpc"));
  // An earlier file may have made a tunnel.
  await down(folder);
  const { sandbox: found, checks } = await up({ folder, network: "vpc" });
  sandbox = found;
  assert.deepEqual(
    checks.filter(({ ok }) => !ok),
    [],
  );
  assert.ok(sandbox.addresses.vpc);
  vpc = sandbox.addresses.vpc;
  logs = sandbox.kubectl(["logs", `deployment/${webName}`]).catch((error: Error) => error.message);
  gateway = await HandMadeGateway.make(sandbox, vpc);
});
after(async () => {
  await gateway?.close();
  // The next file finds the machine where it was.
  if ((await sandbox?.box(["ip", "-4", "address", "show", "dev", "eth0"]))?.stdout.includes(vpc.lanOthers[0]))
    await sandbox.nat.moveMachine();
});

test("the node is Ready behind its NAT, and nothing outside reaches it", async () => {
  const { internetNamespace, natPublic } = vpc;
  await sandbox.waitForNode();
  const { machineNamespace, controlNamespace, api, node } = sandbox.addresses;
  assert.equal(await answersTo(machineNamespace, `https://${api}`), true);
  assert.equal(await answersTo(machineNamespace, `http://${node}:10250`), true);
  assert.equal(await answersTo(controlNamespace, `http://${node}:10250`), false);
  assert.equal(await answersTo(internetNamespace, `http://${natPublic[0]}:10250`), false);
});

test("the steps of a gateway's making: with all of them every connection of the control plane reaches the node", async () => {
  assert.equal(await gateway.answers(), 0);
  await gateway.sourceDestCheck(false);
  await gateway.kubeletRule(true);
  await gateway.route(true);
  await gateway.remoteNetwork(true);
  assert.equal(await gateway.answers(), 4);
});

for (const { step, set, answers = 0 } of [
  { step: "remoteNetworkConfig", set: (does: boolean) => gateway.remoteNetwork(does) },
  { step: "the route", set: (does: boolean) => gateway.route(does) },
  {
    step: "the route in the table of one of the control plane's two subnets",
    set: (does: boolean) => gateway.route(does, gateway.privateTables),
    answers: 2,
  },
  { step: "the security group's rule for kubelet's port", set: (does: boolean) => gateway.kubeletRule(does) },
  { step: "source/dest check off", set: (does: boolean) => gateway.sourceDestCheck(!does) },
]) {
  test(`without ${step} ${answers} of 4 connections reach the node; with it all do`, async () => {
    await set(false);
    assert.equal(await gateway.answers(), answers);
    await set(true);
    assert.equal(await gateway.answers(), 4);
  });
}

test("a node reaches the API server's interfaces once the cluster's security group lets its network in", async () => {
  const reached = () => Promise.all(apiEniAddresses.map((address) => gateway.reachesApi(address)));
  assert.deepEqual(await reached(), [false, false]);
  await gateway.apiRule(true);
  assert.deepEqual(await reached(), [true, true]);
  await gateway.apiRule(false);
  assert.deepEqual(await reached(), [false, false]);
});

test("an Elastic IP is reached from behind the NAT, on the ports of the security group", async () => {
  const address = await gateway.elasticAddress();
  const { machineNamespace } = sandbox.addresses;
  assert.equal(await answersTo(machineNamespace, `http://${address}:10250`), false);
  await gateway.openToAll();
  assert.equal(await answersTo(machineNamespace, `http://${address}:10250`), true);
  assert.equal(await answersTo(gateway.namespace, `https://${sandbox.addresses.aws}`), true, "the instance's way out");
});

test("the API server is in the VPC under a certificate of the cluster's, and the cluster says where", async () => {
  await gateway.apiRule(true);
  const ca = join(sandbox.folder, "pki", "ca.crt");
  for (const address of apiEniAddresses) {
    const curl = ["curl", "--silent", "--fail", "--max-time", "3", "--cacert", ca, "--interface", nodeAddress];
    assert.equal((await execIn(gateway.namespace, [...curl, `https://${address}/livez`])).stdout, "ok");
  }
  const slice = JSON.parse(await sandbox.kubectl(["get", "endpointslice", "kubernetes", "--output=json"]));
  const endpoints: readonly { readonly addresses: readonly string[] }[] = slice.endpoints;
  assert.deepEqual(
    endpoints.flatMap(({ addresses }) => addresses),
    [...apiEniAddresses],
  );
});

test("kubectl logs does not reach the node", async () => {
  assert.match(await logs, /dial tcp 192\.168\.\d+\.10:10250: i\/o timeout/);
});

/** Names in each of kubelet's requests for a serving certificate, with what became of it. */
async function requests() {
  const { items } = JSON.parse(await sandbox.kubectl(["get", "csr", "--output=json"]));
  return Promise.all(
    items.map(async ({ spec, status }: SigningRequest) => {
      const { alternativeNames } = await readRequest(spec.request);
      return [...alternativeNames, status?.conditions?.[0]?.type ?? "Pending"].join(" ");
    }),
  );
}

test("a node that moves before its serving certificate is signed asks for one of its new address", async () => {
  const address = await sandbox.nat.moveMachine();
  const wait = { what: `a request for ${address}`, deadlineMs: 60_000, intervalMs: 500 };
  await waitFor({ ...wait, explain: async () => (await requests()).join("\n") }, async () =>
    (await requests()).includes(`DNS:satellite-1 IP Address:${address} Pending`),
  );
});

test("the serving certificate is signed once the node's address is in a remote node network", async () => {
  const address = vpc.lanOthers[0];
  await gateway.remoteNetworks([nodeNetwork, `${address}/32`]);
  const wait = { what: "the pending request to be approved", deadlineMs: 10_000 };
  await waitFor({ ...wait, explain: async () => (await requests()).join("\n") }, async () =>
    (await requests()).includes(`DNS:satellite-1 IP Address:${address} Approved`),
  );
});

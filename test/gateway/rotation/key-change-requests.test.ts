// A node of a running gateway changes its key: with the satellite's question, without it, and broken off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyChangeRequests } from "../../../agent/gateway/rotation/key-change-requests.ts";
import { KeyChanges, type KeyedPeer } from "../../../agent/gateway/rotation/key-changes.ts";
import { Turns } from "../../../agent/gateway/rotation/turns.ts";
import { readGatewayMap } from "../../../agent/tunnel/entries.ts";
import { NEXT_PUBLIC_KEY_ANNOTATION } from "../../../agent/tunnel/names.ts";
import { parseWireguardDump } from "../../../agent/tunnel/wireguard-config.ts";
import { settle } from "../../fakes/memory-clock.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { KEY_A, KEY_B, says, setUpRunningGateway } from "../../fakes/running-gateway.ts";

const NEXT = Buffer.alloc(32, 9).toString("base64");
const ALLOWED = "10.250.0.11/32,10.250.16.0/24";

async function setUp(context: Parameters<typeof setUpRunningGateway>[0]) {
  const gateway = setUpRunningGateway(context);
  await gateway.run();
  gateway.cluster.setNode("a", { ...says(KEY_A), [NEXT_PUBLIC_KEY_ANNOTATION]: NEXT });
  await settle();
  const peers = () => ({ old: gateway.machine.peers.get(KEY_A), next: gateway.machine.peers.get(NEXT) });
  return { ...gateway, peers };
}

test("a node that has changed its key without a word is found by its handshake within two seconds", async (context) => {
  const { host, machine, peers, cluster } = await setUp(context);
  assert.deepEqual(peers(), { old: ALLOWED, next: "" });
  machine.handshakes.set(KEY_A, 100).set(NEXT, 130);
  await host.clock.advance(2000);
  assert.deepEqual(peers(), { old: "", next: ALLOWED });
  const entry = () =>
    readGatewayMap(cluster.maps.get("eks-satellite-gateways") ?? {}).gateways.get("i-0123456789abcdef0");
  assert.equal(entry()?.peers.a, NEXT);
  cluster.setNode("a", says(NEXT));
  await settle();
  assert.deepEqual(peers(), { old: undefined, next: ALLOWED });
  assert.equal(machine.peers.get(KEY_B), "10.250.0.12/32", "another node's peer is as it was");
});

test("with the API server away over a restart both keys are known", async (context) => {
  const { host, machine, cluster, peers } = await setUp(context);
  await host.clock.advance(1000);
  cluster.failure = () => ({ status: 500, body: "" });
  machine.handshakes.set(KEY_A, 100).set(NEXT, 130);
  await host.clock.advance(3000);
  assert.deepEqual(peers(), { old: "", next: ALLOWED });
  const saved = JSON.parse((await host.files.read("/var/lib/eks-satellite-gateway/last-good.json")) ?? "");
  assert.equal(saved.nextKeys.a, NEXT);
});

test("an annotation that is taken back leaves the old key alone", async (context) => {
  const { peers, cluster } = await setUp(context);
  cluster.setNode("a", says(KEY_A));
  await settle();
  assert.deepEqual(peers(), { old: ALLOWED, next: undefined });
});

const PEER: KeyedPeer = { node: "a", publicKey: KEY_A, address: "10.250.0.11", allowedIps: ALLOWED.split(",") };

/** A gateway that knows of the next key, and has it as a peer. */
function setUpRequests({ exitCode = 0 } = {}) {
  const host = new MemoryHost();
  host.install("wg", () => ({ exitCode }));
  const changes = new KeyChanges(host.clock);
  changes.choose([PEER], new Map([["a", NEXT]]), undefined);
  const dump = [
    "secret\tgw\t51820\toff",
    ...[KEY_A, NEXT].map((key) => `${key}\t(none)\t203.0.113.10:41000\t(none)\t0\t0\t0\toff`),
  ];
  const seen = parseWireguardDump(`${dump.join("\n")}\n`);
  assert.ok(seen);
  let moves = 0;
  const requests = new KeyChangeRequests({
    ...{ host, log: createMemoryLog().log, changes, turns: new Turns() },
    peerAt: (address) => (address === PEER.address ? PEER : undefined),
    readInterface: async () => seen,
    onMoved: () => {
      moves += 1;
    },
  });
  return { host, changes, requests, moves: () => moves };
}

test("after the consent the next key is no peer for half a second; then it has the addresses, and speaks", async () => {
  const { host, requests, moves } = setUpRequests();
  assert.equal(await requests.ask(PEER.address, NEXT), "ready");
  assert.deepEqual(host.commands, [`wg set esgw0 peer ${NEXT} remove`]);
  assert.equal(await requests.ask(PEER.address, NEXT), "unknown", "once at a time");
  await host.clock.advance(499);
  assert.equal(moves(), 0);
  await host.clock.advance(1);
  assert.match(host.commands.at(-1) ?? "", /endpoint 203\.0\.113\.10:41000 allowed-ips 10\.250\.0\.11\/32,/);
  assert.equal(moves(), 1);
  await host.clock.advance(2000);
  assert.equal(host.commands.at(-1), `wg set esgw0 peer ${NEXT} persistent-keepalive off`);
});

test("a stranger's address, a key that the Node has not said, and an interface that refuses get no consent", async () => {
  const { host, requests } = setUpRequests();
  assert.equal(await requests.ask("10.250.0.99", NEXT), "unknown");
  assert.equal(await requests.ask(PEER.address, KEY_B), "unknown");
  assert.equal(await requests.ask(PEER.address, ""), "unknown");
  assert.deepEqual(host.commands, []);
  const broken = setUpRequests({ exitCode: 1 });
  assert.equal(await broken.requests.ask(PEER.address, NEXT), "unknown");
  await broken.host.clock.advance(5000);
  assert.equal(broken.moves(), 0);
});

test("a change that is called off within the half second moves nothing", async () => {
  const { host, changes, requests } = setUpRequests();
  await requests.ask(PEER.address, NEXT);
  changes.choose([PEER], new Map(), undefined);
  await host.clock.advance(5000);
  assert.ok(!host.commands.some((line) => line.includes("allowed-ips")));
});

// What a gateway goes by after a restart, and while the cluster or AWS is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awsError } from "../fakes/memory-aws.ts";
import { ENTRIES, KEY_A, KEY_B, KEY_C, says, setUpRunningGateway } from "../fakes/running-gateway.ts";

test("what was good holds over a restart too, whether it was damaged before or meanwhile", async (context) => {
  const { machine, cluster, run, host } = setUpRunningGateway(context);
  const first = await run();
  cluster.setMap("eks-satellite-network", { ...ENTRIES, b: "{", _network: "garbage" });
  await host.clock.advance(1000);
  await first.end();
  const second = await run();
  assert.deepEqual([machine.peers.size, machine.routes.size], [2, 2]);
  cluster.setMap("eks-satellite-network", ENTRIES);
  await host.clock.advance(1000);
  await second.end();
  cluster.setMap("eks-satellite-network", { ...ENTRIES, a: "{", _network: "garbage" });
  await run();
  assert.deepEqual([machine.peers.size, machine.routes.size], [2, 2]);
});

test("the API server away, then a restart without it: the peers stay, and one line says so", async (context) => {
  const { host, machine, cluster, run, lines } = setUpRunningGateway(context);
  const first = await run();
  const peers = [...machine.peers];
  cluster.failure = () => {
    throw new Error("connect ETIMEDOUT");
  };
  cluster.endWatches();
  await host.clock.advance(600_000);
  assert.deepEqual([...machine.peers], peers);
  const away = () =>
    lines.filter(({ msg }) => msg === "the cluster is not followed; the peers stay as they are").length;
  assert.equal(away(), 1);
  await first.end();

  machine.interface = undefined; // The instance was restarted.
  machine.peers.clear();
  machine.routes.clear();
  await run();
  assert.deepEqual([...machine.peers], peers);
  cluster.failure = undefined;
  await host.clock.advance(30_000);
  assert.ok(lines.some(({ msg }) => msg === "the cluster is followed again"));
});

test("a restart while AWS is away goes by the cluster's facts of the last run", async (context) => {
  const { machine, aws, cluster, run } = setUpRunningGateway(context);
  await (await run()).end();
  aws.fail(awsError("InternalFailure", 500));
  cluster.nodes.set("a", says(KEY_C));
  await run();
  assert.equal(machine.peers.get(KEY_C), "10.250.0.11/32,10.250.16.0/24");
});

test("before anything is known of the cluster, peers of an earlier process are left alone", async (context) => {
  const { machine, cluster, run } = setUpRunningGateway(context);
  machine.interface = { mtu: 1420, isUp: true, publicKey: "(none)", listenPort: 51820 };
  machine.peers.set(KEY_C, "10.250.0.13/32");
  cluster.failure = () => ({ status: 503, body: "" });
  await run();
  assert.deepEqual([...machine.peers.keys()], [KEY_C]);
});

test("a gateway that has lost its sessions calls its satellites where they were last, and no one else", async (context) => {
  const { host, machine, cluster, run } = setUpRunningGateway(context);
  const first = await run();
  machine.endpoints.set(KEY_A, "203.0.113.10:41000").set(KEY_B, "[2001:db8::7]:51820");
  await host.clock.advance(5000);
  machine.endpoints.set(KEY_B, "203.0.113.12:42000");
  await host.clock.advance(100_000);
  await first.end();
  machine.restart();
  await (await run()).end();
  assert.deepEqual(
    [...machine.peers.keys()].map((key) => [machine.endpoints.get(key), machine.keepalives.get(key)]),
    [
      ["203.0.113.10:41000", "25"],
      ["203.0.113.12:42000", "25"],
    ],
  );
  machine.endpoints.set(KEY_A, "198.51.100.1:1000");
  cluster.nodes.set("b", says(KEY_C));
  await run();
  assert.equal(machine.endpoints.get(KEY_A), "198.51.100.1:1000", "what it hears counts more than what is written");
  assert.equal(machine.endpoints.get(KEY_C), undefined);
});

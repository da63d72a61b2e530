// The whole gateway: it makes its machine what the cluster says, and repairs it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readGatewayMap, renderNodeEntry } from "../../agent/tunnel/entries.ts";
import { settle } from "../fakes/memory-clock.ts";
import { ENTRIES, KEY_A, KEY_B, KEY_C, says, setUpRunningGateway } from "../fakes/running-gateway.ts";

test("from nothing: key, interface, peers, routes, rules, and the gateway's entry beside the others'", async (context) => {
  const { host, machine, cluster, run } = setUpRunningGateway(context);
  await run();
  assert.deepEqual(
    [...machine.peers],
    [
      [KEY_A, "10.250.0.11/32,10.250.16.0/24"],
      [KEY_B, "10.250.0.12/32"],
    ],
  );
  assert.deepEqual([...machine.routes.keys()], ["10.250.0.0/24", "10.250.16.0/20"]);
  assert.deepEqual([machine.interface?.listenPort, machine.interface?.isUp], [51820, true]);
  assert.match(machine.rules, /-d 10\.20\.1\.10\/32 -p tcp --dport 443 -j ACCEPT/);
  assert.equal(await host.files.read("/proc/sys/net/ipv4/ip_forward"), "1");
  assert.equal(await host.files.read("/run/eks-satellite-gateway/esgw0.conf"), undefined, "the key's copy is gone");
  const data = cluster.maps.get("eks-satellite-gateways") ?? {};
  assert.equal(data.other, "kept");
  const entry = readGatewayMap(data).gateways.get("i-0123456789abcdef0");
  assert.deepEqual(
    [entry?.publicKey, entry?.endpoint, entry?.mtu, entry?.peers],
    [machine.interface?.publicKey, "198.51.100.5:51820", 1420, { a: KEY_A, b: KEY_B }],
  );
});

test("a round with nothing to do writes nothing, here and in the cluster", async (context) => {
  const { host, machine, cluster, run } = setUpRunningGateway(context);
  await run();
  const writes = machine.writes.length;
  const patches = () => cluster.requests.filter(({ method }) => method === "PATCH").length;
  const before = patches();
  await host.clock.advance(300_000);
  assert.deepEqual([machine.writes.slice(writes), patches()], [[], before]);
});

test("a node that comes, changes its key, or goes is followed at once, and said in the log", async (context) => {
  const { machine, cluster, run, messages, host } = setUpRunningGateway(context);
  await run();
  cluster.setMap("eks-satellite-network", {
    ...ENTRIES,
    ...renderNodeEntry("c", { address: "10.250.0.13", pods: [] }),
  });
  cluster.setNode("c", says(KEY_C));
  await settle();
  assert.equal(machine.peers.get(KEY_C), "10.250.0.13/32");
  const rotated = Buffer.alloc(32, 9).toString("base64");
  cluster.setNode("a", says(rotated));
  await settle();
  assert.deepEqual([machine.peers.has(KEY_A), machine.peers.get(rotated)], [false, "10.250.0.11/32,10.250.16.0/24"]);
  cluster.setMap("eks-satellite-network", ENTRIES);
  cluster.setNode("b", undefined);
  await settle();
  assert.deepEqual([...machine.peers.keys()], [rotated]);
  const said = messages("info").filter((text) => text.startsWith("peer"));
  assert.deepEqual(said.toSorted(), [
    "peer added",
    "peer added",
    "peer added",
    "peer has another key",
    "peer removed: it has no entry, or no key any more",
    "peer removed: it has no entry, or no key any more",
  ]);
  const setconf = host.commands.filter((line) => line.startsWith("wg setconf"));
  assert.deepEqual(setconf, []);
});

test("garbage is refused with its name and takes no peer: what was good holds, until it is removed or another's", async (context) => {
  const { machine, cluster, run, lines } = setUpRunningGateway(context);
  await run();
  cluster.setMap("eks-satellite-network", { ...ENTRIES, b: "{", _network: "garbage" });
  await settle();
  assert.deepEqual([...machine.peers.keys()].toSorted(), [KEY_A, KEY_B].toSorted());
  const refused = lines.filter(({ msg }) => msg === "refused").map(({ err }) => err?.message ?? "");
  assert.ok(refused.some((text) => text.includes("entry b ")));
  assert.ok(refused.some((text) => text.includes("entry _network ")));
  assert.equal(machine.routes.size, 2);
  cluster.setMap("eks-satellite-network", { ...ENTRIES, b: "{", c: ENTRIES.b ?? "" });
  await settle();
  assert.deepEqual([...machine.peers.keys()], [KEY_A], "the address is another node's now");
});

test("a cluster without a Node is known: rules and entry are there before the first satellite", async (context) => {
  const { machine, cluster, run } = setUpRunningGateway(context);
  cluster.nodes.clear();
  await run();
  assert.deepEqual([machine.peers.size, machine.routes.size], [0, 2]);
  assert.ok("i-0123456789abcdef0" in (cluster.maps.get("eks-satellite-gateways") ?? {}));
});

test("what another program changes on the machine is repaired within 30 s", async (context) => {
  const { host, machine, run } = setUpRunningGateway(context);
  await run();
  machine.peers.delete(KEY_A);
  machine.routes.delete("10.250.0.0/24");
  machine.routes.set("10.9.0.0/16", "10.20.1.5");
  if (machine.interface !== undefined) machine.interface.mtu = 1280;
  await host.files.writeInPlace("/proc/sys/net/ipv4/ip_forward", "0");
  await host.clock.advance(31_000);
  assert.equal(machine.peers.get(KEY_A), "10.250.0.11/32,10.250.16.0/24");
  assert.deepEqual([...machine.routes.keys()].toSorted(), ["10.250.0.0/24", "10.250.16.0/20"]);
  assert.equal(machine.interface?.mtu, 1420);
  assert.equal(await host.files.read("/proc/sys/net/ipv4/ip_forward"), "1");
});

test("an Elastic IP that is moved is published within two minutes", async (context) => {
  const { host, instance, cluster, run } = setUpRunningGateway(context);
  await run();
  instance.values.set("meta-data/public-ipv4", "198.51.100.77");
  await host.clock.advance(120_000);
  const { gateways } = readGatewayMap(cluster.maps.get("eks-satellite-gateways") ?? {});
  assert.equal(gateways.get("i-0123456789abcdef0")?.endpoint, "198.51.100.77:51820");
});

test("an entry that another party removes is written again, and a missing ConfigMap is named", async (context) => {
  const { host, cluster, run, lines } = setUpRunningGateway(context);
  await run();
  cluster.maps.set("eks-satellite-gateways", { other: "kept" });
  await host.clock.advance(100_000);
  const data = cluster.maps.get("eks-satellite-gateways") ?? {};
  assert.deepEqual(Object.keys(data), ["other", "i-0123456789abcdef0"]);
  cluster.maps.delete("eks-satellite-gateways");
  await host.clock.advance(100_000);
  assert.ok(lines.some(({ err }) => err?.code === "gateways-map-missing"));
});

test("a refused token is replaced by one of keys that are read anew", async (context) => {
  const { host, instance, cluster, run } = setUpRunningGateway(context);
  await run();
  const tokens = () => new Set(cluster.requests.map(({ headers }) => headers?.authorization)).size;
  const before = tokens();
  instance.giveKeys("ASIANEW", "2026-01-02T09:00:00Z");
  cluster.failure = () => ({ status: 401, body: "{}" });
  cluster.endWatches();
  await host.clock.advance(60_000);
  cluster.failure = undefined;
  await host.clock.advance(30_000);
  assert.ok(tokens() > before);
  assert.equal(cluster.watching(/nodes/), 1);
});

test("it holds the Lease of gateways, counts it, and gives it up at its end", async (context) => {
  const { host, cluster, run } = setUpRunningGateway(context);
  const { end } = await run();
  const holder = () => cluster.lease?.spec.holderIdentity;
  assert.equal(holder(), undefined, "another gateway may have it, for all that this one knows");
  await host.clock.advance(5000);
  assert.match(holder() ?? "", /^i-0123456789abcdef0_[0-9a-f-]{36}$/);
  const ended = end();
  await host.clock.advance(3000);
  await ended;
  assert.equal(holder(), "");
});

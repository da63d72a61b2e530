// The whole gateway in memory: its machine, the cluster, AWS and the metadata service.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parseSettings } from "../../agent/config/load.ts";
import { runGateway } from "../../agent/gateway/gateway.ts";
import { gatewaySchema } from "../../agent/gateway/gateway-schema.ts";
import { Secret } from "../../agent/secret.ts";
import { readGatewayMap, renderNetworkEntry, renderNodeEntry } from "../../agent/tunnel/entries.ts";
import { PUBLIC_KEY_ANNOTATION } from "../../agent/tunnel/names.ts";
import { publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { awsError, MemoryAws } from "../fakes/memory-aws.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryClusterApi } from "../fakes/memory-cluster-api.ts";
import { MemoryGatewayMachine } from "../fakes/memory-gateway.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { MemoryInstance } from "../fakes/memory-instance.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const [KEY_A = "", KEY_B = "", KEY_C = ""] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString("base64"));
const NETWORK = {
  nodes: "10.250.0.0/24",
  pods: "10.250.16.0/20",
  vpcCidrs: ["10.20.0.0/16"],
  serviceCidr: "10.100.0.0/16",
};
const ENTRIES = {
  ...renderNetworkEntry(NETWORK),
  ...renderNodeEntry("a", { address: "10.250.0.11", pods: ["10.250.16.0/24"] }),
  ...renderNodeEntry("b", { address: "10.250.0.12", pods: [] }),
};
const says = (key: string) => ({ [PUBLIC_KEY_ANNOTATION]: key });

function setUp(context: TestContext) {
  const host = new MemoryHost();
  const machine = new MemoryGatewayMachine(host);
  machine.publicKeyOf = (key) => publicKeyOf(new Secret(key));
  const instance = new MemoryInstance();
  instance.giveKeys("ASIAGATEWAY", "2026-01-02T09:00:00Z");
  // The health server is real: the gateway's address must be this machine's.
  instance.values.set("meta-data/local-ipv4", `127.0.${process.pid % 250}.${1 + (process.hrtime()[1] % 250)}`);
  const cluster = new MemoryClusterApi();
  cluster.maps.set("eks-satellite-network", { ...ENTRIES });
  cluster.maps.set("eks-satellite-gateways", { other: "kept" });
  cluster.nodes.set("a", says(KEY_A)).set("b", says(KEY_B)).set("ec2", {});
  cluster.slices.set("kubernetes", [{ addresses: ["10.20.1.10"], port: 443, protocol: "TCP" }]);
  host.onFetch = (request) => instance.answer(request) ?? cluster.answer(request);
  host.onFollow = (request) => cluster.follow(request);
  const aws = new MemoryAws(host.clock.now);
  const memoryLog = createMemoryLog();
  const run = async () => {
    const stop = new AbortController();
    const config = parseSettings(gatewaySchema, "cluster: { name: demo, region: us-west-2 }", "gateway.yaml", "");
    const ended = runGateway({ host, aws, config, log: memoryLog.log, environment: {} }, stop.signal);
    const end = async () => {
      stop.abort();
      await ended;
    };
    context.after(end);
    await host.clock.advance(1500);
    return { end };
  };
  return { host, machine, instance, cluster, aws, run, ...memoryLog };
}

test("from nothing: key, interface, peers, routes, rules, and the gateway's entry beside the others'", async (context) => {
  const { host, machine, cluster, run } = setUp(context);
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
  const { host, machine, cluster, run } = setUp(context);
  await run();
  const writes = machine.writes.length;
  const patches = () => cluster.requests.filter(({ method }) => method === "PATCH").length;
  const before = patches();
  await host.clock.advance(300_000);
  assert.deepEqual([machine.writes.slice(writes), patches()], [[], before]);
});

test("a node that comes, changes its key, or goes is followed at once, and said in the log", async (context) => {
  const { machine, cluster, run, messages, host } = setUp(context);
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
  const { machine, cluster, run, lines } = setUp(context);
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

test("the API server away, then a restart without it: the peers stay, and one line says so", async (context) => {
  const { host, machine, cluster, run, lines } = setUp(context);
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
  const { machine, aws, cluster, run } = setUp(context);
  await (await run()).end();
  aws.fail(awsError("InternalFailure", 500));
  cluster.nodes.set("a", says(KEY_C));
  await run();
  assert.equal(machine.peers.get(KEY_C), "10.250.0.11/32,10.250.16.0/24");
});

test("a cluster without a Node is known: rules and entry are there before the first satellite", async (context) => {
  const { machine, cluster, run } = setUp(context);
  cluster.nodes.clear();
  await run();
  assert.deepEqual([machine.peers.size, machine.routes.size], [0, 2]);
  assert.ok("i-0123456789abcdef0" in (cluster.maps.get("eks-satellite-gateways") ?? {}));
});

test("before anything is known of the cluster, peers of an earlier process are left alone", async (context) => {
  const { machine, cluster, run } = setUp(context);
  machine.interface = { mtu: 1420, isUp: true, publicKey: "(none)", listenPort: 51820 };
  machine.peers.set(KEY_C, "10.250.0.13/32");
  cluster.failure = () => ({ status: 503, body: "" });
  await run();
  assert.deepEqual([...machine.peers.keys()], [KEY_C]);
});

test("what another program changes on the machine is repaired within 30 s", async (context) => {
  const { host, machine, run } = setUp(context);
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
  const { host, instance, cluster, run } = setUp(context);
  await run();
  instance.values.set("meta-data/public-ipv4", "198.51.100.77");
  await host.clock.advance(120_000);
  const { gateways } = readGatewayMap(cluster.maps.get("eks-satellite-gateways") ?? {});
  assert.equal(gateways.get("i-0123456789abcdef0")?.endpoint, "198.51.100.77:51820");
});

test("an entry that another party removes is written again, and a missing ConfigMap is named", async (context) => {
  const { host, cluster, run, lines } = setUp(context);
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
  const { host, instance, cluster, run } = setUp(context);
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

import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { TUNNEL_KEY_FILE } from "../../agent/tunnel/names.ts";
import { READY } from "../fakes/memory-node-api.ts";
import { createNodeWithTunnel } from "./node-with-tunnel.ts";
import { STATIC_TUNNEL } from "./samples.ts";

const SAVED = "/var/lib/eks-satellite/network.json";

test("a node with an entry has a tunnel, a key of its own, and says it on its Node once", async () => {
  const { host, api, part, condition, changes } = createNodeWithTunnel();
  assert.deepEqual(await part.facts(), { kind: "waiting" });
  await part.round();
  assert.equal(changes(), 1);
  const facts = await part.facts();
  assert.ok(facts?.kind === "wanted");
  assert.equal(facts.tunnel.address, "10.250.0.11");
  assert.equal(condition(), "True Configured");
  assert.deepEqual(api.annotations, {}, "there is no Node yet");
  await part.see(READY);
  assert.deepEqual(api.annotations, { "eks-satellite.io/wireguard-public-key": facts.tunnel.publicKey });
  api.annotations = {};
  await part.round();
  await part.see({ ...READY, tunnelKey: facts.tunnel.publicKey });
  assert.deepEqual(api.annotations, {}, "it says that key already");
  await part.see({ ...READY, tunnelKey: "another" });
  assert.equal(Object.keys(api.annotations).length, 1);
  assert.equal(host.files.peek(TUNNEL_KEY_FILE)?.mode, 0o600);
});

test("a node without an entry makes no key, says nothing and asks once a round", async () => {
  const { host, api, part, put, network, condition, lines } = createNodeWithTunnel();
  const { "gpu-1": _, ...others } = network;
  put("network", others);
  await part.round();
  assert.equal((await part.facts())?.kind, "none");
  await part.see(READY);
  assert.equal(condition(), "True NoEntry");
  assert.equal(host.files.peek(TUNNEL_KEY_FILE), undefined);
  assert.deepEqual([api.annotations, api.configMapReads.length], [{}, 1]);
  assert.deepEqual(lines, []);
});

test("a cluster that has no gateway, or does not let nodes read, is a cluster without a tunnel", async () => {
  for (const failure of [undefined, new SatelliteError("api-forbidden", "a test")]) {
    const { api, part, condition, lines } = createNodeWithTunnel();
    api.configMaps.clear();
    api.failure = failure;
    await part.round();
    assert.equal((await part.facts())?.kind, "none");
    assert.equal(condition(), "True NotUsed");
    assert.deepEqual(lines, []);
  }
});

test("after a reboot without the API server the tunnel is that of before, at once", async () => {
  const first = createNodeWithTunnel();
  await first.part.round();
  const second = createNodeWithTunnel("", first.host);
  second.api.failure = new SatelliteError("api-unreachable", "a test");
  await second.part.restore();
  assert.equal((await second.part.facts())?.kind, "wanted");
  await second.part.round();
  assert.equal((await second.part.facts())?.kind, "wanted");
});

test("what a full disk did not take is written as soon as there is room", async () => {
  const { host, part } = createNodeWithTunnel();
  const write = host.files.write.bind(host.files);
  host.files.write = async (path, ...rest) => {
    if (path.endsWith("network.json")) throw new SatelliteError("disk-full", "no room");
    return write(path, ...rest);
  };
  await part.round();
  assert.equal(host.files.peek(SAVED), undefined);
  host.files.write = write;
  await part.round();
  assert.match(host.files.peek(SAVED)?.content ?? "", /10\.250\./);
});

test("kubelet waits for the first answer, and not for an API server that gives none", async () => {
  const { api, known, part } = createNodeWithTunnel();
  known.api = undefined;
  await part.round();
  assert.deepEqual(await part.facts(), { kind: "waiting" });
  assert.ok(part.isWaiting(), "the token is still on its way");
  known.api = api;
  api.failure = new SatelliteError("api-unreachable", "a test");
  await part.round();
  assert.equal(await part.facts(), undefined);
  assert.ok(!part.isWaiting());
});

test("garbage in a ConfigMap is reported, and the tunnel stays as it was", async () => {
  const { part, put, network, condition } = createNodeWithTunnel();
  await part.round();
  put("network", { ...network, "gpu-1": "garbage" }, "2");
  await part.round();
  assert.equal((await part.facts())?.kind, "wanted");
  assert.equal(condition(), "False TunnelEntryInvalid");
  put("network", network, "3");
  await part.round();
  await part.facts();
  assert.equal(condition(), "True Configured");
});

test("an entry that is gone takes the tunnel with it, after a while", async () => {
  const { host, part, put, network, changes } = createNodeWithTunnel();
  await part.round();
  const { "gpu-1": _, ...others } = network;
  put("network", others, "2");
  await part.round();
  assert.equal((await part.facts())?.kind, "wanted");
  await host.clock.advance(120_000);
  await part.round();
  assert.equal((await part.facts())?.kind, "none");
  assert.equal(changes(), 2);
  assert.match(host.files.peek(SAVED)?.content ?? "", /"entry":null/);
});

test("a key that is damaged leaves everything as it is, kubelet's address too where the machine has it", async () => {
  const { host, part, condition } = createNodeWithTunnel();
  await part.round();
  host.files.put(TUNNEL_KEY_FILE, "garbage", { mode: 0o600 });
  const facts = await part.facts();
  assert.ok(facts?.kind === "damaged");
  assert.equal(facts.address, undefined);
  assert.equal(condition(), "False TunnelKeyInvalid");
  host.files.put("/proc/net/fib_trie", "Local:\n        |-- 10.250.0.11\n           /32 host LOCAL\n");
  assert.deepEqual(
    { ...(await part.facts()), problem: undefined },
    {
      kind: "damaged",
      problem: undefined,
      address: "10.250.0.11",
    },
  );
});

test("a static tunnel asks no cluster; its Services' network is what DescribeCluster says, and its names are resolved", async () => {
  const { host, api, part, condition } = createNodeWithTunnel(STATIC_TUNNEL);
  await part.round();
  let facts = await part.facts();
  assert.ok(facts?.kind === "wanted");
  assert.equal(facts.tunnel.serviceCidr, "10.100.0.0/16");
  assert.equal(condition(), "False TunnelEndpointUnresolved");
  host.names.set("gw.example.com", ["198.51.100.5"]);
  await part.round();
  facts = await part.facts();
  assert.equal(facts?.kind === "wanted" && facts.tunnel.gateways[0]?.resolved, "198.51.100.5:51820");
  assert.equal(condition(), "True Configured");
  assert.deepEqual(api.configMapReads, []);
  assert.equal(host.files.peek(SAVED), undefined);
});

test("with mode off nothing is asked and nothing is there", async () => {
  const { host, api, part, condition } = createNodeWithTunnel("network: { tunnel: { mode: off } }");
  await part.restore();
  await part.round();
  assert.equal((await part.facts())?.kind, "none");
  assert.equal(condition(), "True NotUsed");
  assert.deepEqual([api.configMapReads, host.files.changes], [[], []]);
});

test("an entry without any gateway is reported, and the node has its address all the same", async () => {
  const { part, api, condition } = createNodeWithTunnel();
  api.configMaps.delete("eks-satellite-gateways");
  await part.round();
  const facts = await part.facts();
  assert.ok(facts?.kind === "wanted");
  assert.deepEqual(facts.tunnel.gateways, []);
  assert.equal(condition(), "False TunnelGatewayMissing");
});

test("a Node that may not be annotated is a warning once, and tried again each minute", async () => {
  const { api, part, messages } = createNodeWithTunnel();
  await part.round();
  await part.facts();
  const patch = api.patchAnnotations.bind(api);
  api.patchAnnotations = async () => Promise.reject(new SatelliteError("api-denied", "a test"));
  for (let turn = 0; turn < 3; turn += 1) await part.see(READY);
  assert.equal(messages("warn").length, 1);
  api.patchAnnotations = patch;
  await part.round();
  assert.equal(Object.keys(api.annotations).length, 1);
});

test("/status has public keys alone, and nothing without a planned tunnel", async () => {
  const { host, part } = createNodeWithTunnel();
  await part.round();
  await part.facts();
  assert.deepEqual(part.status(), {});
  part.judge({ isPlanned: true, failure: undefined });
  const { tunnel } = part.status() as { tunnel: { mode: string; mtu: number; peers: unknown[] } };
  assert.deepEqual([tunnel.mode, tunnel.mtu, tunnel.peers.length], ["auto", 1420, 1]);
  assert.ok(!JSON.stringify(tunnel).includes(host.files.peek(TUNNEL_KEY_FILE)?.content.trim() ?? "?"));
  assert.deepEqual(part.metrics()[0]?.samples(), [{ value: 1 }]);
});

test("a Node that changes while the key is on its way to it gets the key once", async () => {
  const { api, part } = createNodeWithTunnel();
  await part.round();
  await part.facts();
  const answers: (() => void)[] = [];
  api.patchAnnotations = () => new Promise((resolve) => answers.push(resolve));
  const seen = [READY, { ...READY }, { ...READY }].map((node) => part.see(node));
  for (const answer of answers) answer();
  await Promise.all(seen);
  assert.equal(answers.length, 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayHealthReport, type VpcInspector } from "../../agent/gateway/gateway-health.ts";
import { PeerTable } from "../../agent/gateway/peers/peer-table.ts";
import { readGatewayHealth } from "../../agent/tunnel/health.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const KEY = Buffer.alloc(32, 1).toString("base64");
const API = Array.from({ length: 20 }, (_, index) => ({
  address: `10.20.1.${index}`,
  port: 443,
  protocol: "tcp" as const,
}));

function setUp(inspect?: VpcInspector) {
  const host = new MemoryHost();
  const { log, lines } = createMemoryLog();
  const table = new PeerTable(log);
  const peer = { node: "gpu-1", publicKey: KEY, address: "10.250.0.11", allowedIps: ["10.250.0.11/32"] };
  table.replace({ peers: [peer], problems: [], waiting: [] });
  const identity = { name: "gw-1", endpoint: "198.51.100.5:51820", address: "10.20.1.5" };
  const view = { services: { apiServers: API.slice(0, 2), clusterDns: [] as typeof API } };
  const sync = { table, identity };
  const health = new GatewayHealthReport({ host, log, sync, view, inspect });
  return { host, health, peer, view, lines, sync, log };
}

test("an asker gets its own kubelet, the API server's addresses, and never waits for them", async () => {
  const { host, health, peer } = setUp();
  const tried: string[] = [];
  host.onReach = (address, port) => {
    tried.push(`${address}:${port}`);
    return port === 10_250 ? "refused" : "ok";
  };
  const { digest, ...first } = health.answer("10.250.0.11");
  assert.deepEqual(first, {
    gateway: "gw-1",
    you: { address: "10.250.0.11", node: "gpu-1" },
    apiServers: [],
    maxKnockBytes: 8893,
  });
  assert.equal(health.digest("10.250.0.11"), digest);
  await host.clock.advance(1000);
  assert.notEqual(health.digest("10.250.0.11"), digest, "kubelet and API servers have been tried meanwhile");
  const answer = health.answer("10.250.0.11");
  assert.deepEqual(answer.you, { address: "10.250.0.11", node: "gpu-1", kubelet: "refused" });
  assert.deepEqual(answer.apiServers, [
    { address: "10.20.1.0", reach: "ok" },
    { address: "10.20.1.1", reach: "ok" },
  ]);
  assert.deepEqual(readGatewayHealth(JSON.stringify(answer)), answer);
  assert.equal(health.kubelet(peer), "refused");
  assert.deepEqual(tried, ["10.250.0.11:10250", "10.20.1.0:443", "10.20.1.1:443"]);
});

test("ports are tried once in 10 s, however often satellites ask", async () => {
  const { host, health } = setUp();
  let tries = 0;
  host.onReach = () => {
    tries += 1;
    return "ok";
  };
  for (let second = 0; second < 10; second += 1) {
    for (let asker = 0; asker < 50; asker += 1) health.answer("10.250.0.11");
    await host.clock.advance(1000);
  }
  assert.equal(tries, 3);
  health.answer("10.250.0.11");
  await settle();
  assert.equal(tries, 6);
});

test("knocks keep the answer at most half a minute old, and strangers' knocks try nothing", async () => {
  const { host, health } = setUp();
  const tried: string[] = [];
  host.onReach = (address) => {
    tried.push(address);
    return "ok";
  };
  for (let second = 0; second < 60; second += 2.5) {
    health.look("10.250.0.11");
    health.look("10.250.0.99");
    await host.clock.advance(2500);
  }
  assert.deepEqual(
    tried,
    [...Array(2)].flatMap(() => ["10.250.0.11", "10.20.1.0", "10.20.1.1"]),
  );
  assert.equal(health.answer("10.250.0.11").you.kubelet, "ok");
});

test("an address that no node has is not tried", async () => {
  const { host, health } = setUp();
  const tried: string[] = [];
  host.onReach = (address) => {
    tried.push(address);
    return "ok";
  };
  assert.deepEqual(health.answer("10.250.0.99").you, { address: "10.250.0.99" });
  await settle();
  assert.ok(!tried.includes("10.250.0.99"));
});

test("what AWS lacks is said within bounds, once in the log, and kept while AWS is away", async () => {
  const problem = { code: "vpc-route-missing", message: "m".repeat(5000) };
  let found: Awaited<ReturnType<VpcInspector>> = Array.from({ length: 40 }, () => problem);
  let isAway = false;
  const { health, lines, view } = setUp(async () => {
    if (isAway) throw new Error("connect ETIMEDOUT");
    return found;
  });
  view.services = { apiServers: API, clusterDns: [] };
  assert.equal(health.answer("10.250.0.11").problems, undefined, "it has not looked");
  await health.inspectRound();
  await settle();
  const answer = health.answer("10.250.0.11");
  assert.equal(answer.problems?.length, 32);
  assert.notEqual(readGatewayHealth(JSON.stringify(answer)), undefined, "the reader's bounds are kept");
  isAway = true;
  await health.inspectRound();
  await health.inspectRound();
  assert.equal(health.answer("10.250.0.11").problems?.length, 32);
  assert.equal(lines.filter(({ msg = "" }) => msg.startsWith("AWS was not looked at")).length, 1);
  isAway = false;
  found = [];
  await health.inspectRound();
  assert.deepEqual(health.answer("10.250.0.11").problems, []);
});

test("the digest is of what one asker is told, and stays while a key's change comes nearer", async () => {
  const { host, sync, view, log } = setUp();
  let keyChange = { publicKey: KEY, inMs: 90_000 };
  const health = new GatewayHealthReport({ host, log, sync, view, announcement: () => ({ keyChange }) });
  const before = health.digest("10.250.0.11");
  keyChange = { publicKey: KEY, inMs: 50_000 };
  await host.clock.advance(1000);
  assert.equal(health.digest("10.250.0.11"), before);
  keyChange = { publicKey: Buffer.alloc(32, 2).toString("base64"), inMs: 50_000 };
  await host.clock.advance(1000);
  assert.notEqual(health.digest("10.250.0.11"), before);
  assert.equal(health.answer("10.250.0.11").digest, health.digest("10.250.0.11"));
});

test("a flood of knocks costs a digest a second for each node, and none for an address that is no node's", async () => {
  const { host, sync, view, log } = setUp();
  let rendered = 0;
  const announcement = () => {
    rendered += 1;
    return {};
  };
  const health = new GatewayHealthReport({ host, log, sync, view, announcement });
  for (let second = 0; second < 5; second += 1) {
    for (let knock = 0; knock < 1000; knock += 1) {
      assert.match(health.digest("10.250.0.11") ?? "", /^[0-9a-f]{16}$/);
      assert.equal(health.digest("10.250.0.99"), undefined);
    }
    await host.clock.advance(1000);
  }
  assert.equal(rendered, 5);
  assert.equal(health.answer("10.250.0.99").digest, undefined);
});

test("a knock's digest tries no port", async () => {
  const { host, health } = setUp();
  let tries = 0;
  host.onReach = () => {
    tries += 1;
    return "ok";
  };
  health.digest("10.250.0.11");
  await settle();
  assert.equal(tries, 0);
});

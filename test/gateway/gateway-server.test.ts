import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { GatewayServer, type GatewaySources } from "../../agent/gateway/gateway-server.ts";
import { readGatewayHealth } from "../../agent/tunnel/health.ts";
import { keyChangeUrl } from "../../agent/tunnel/key-change.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

// All of 127.0.0.0/8 is this machine's: satellites, VPC and strangers ask from addresses of their own.
const GATEWAY = `127.77.${process.pid % 250}.5`;
const SATELLITE = "127.78.0.11";
const POD = "127.79.0.9";
const NETWORK = {
  nodes: "127.78.0.0/24",
  pods: "127.79.0.0/24",
  vpcCidrs: ["127.80.0.0/16"],
  serviceCidr: "10.100.0.0/16",
};

const SOURCES: GatewaySources = {
  health: (address) => ({ gateway: "gw-1", you: { address }, apiServers: [] }),
  digest: () => "0123456789abcdef",
  onKnock: () => undefined,
  onKeyChange: async (address, key) => (address === SATELLITE && key === "a+b=" ? "ready" : "unknown"),
  role: () => "ok",
  livez: () => [{ name: "sync", problem: "its round is 400 s late" }],
  metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "eks_satellite_gateway_peers 2\n" }),
  network: () => NETWORK,
  monotonic: () => performance.now(),
};

async function setUp(context: TestContext, sources: Partial<GatewaySources> = {}) {
  const stop = new AbortController();
  context.after(() => stop.abort());
  const { log } = createMemoryLog();
  const server = new GatewayServer({ log, signal: stop.signal, address: () => GATEWAY });
  await server.round({ ...SOURCES, ...sources });
  return server;
}

interface Asked {
  readonly method?: string;
  readonly host?: string;
}

function ask(path: string, from: string, { method = "GET", host = GATEWAY }: Asked = {}) {
  const { promise, resolve } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const options = { host: GATEWAY, port: 51821, path, method, localAddress: from, headers: { host }, agent: false };
  const sent = request(options, async (response) => {
    let body = "";
    for await (const chunk of response) body += chunk;
    resolve({ status: response.statusCode, body });
  });
  sent.on("error", () => resolve({ status: undefined, body: "" }));
  sent.end();
  return promise;
}

/** What comes back within a moment. */
async function knockFrom(from: string, text: string, port = 0): Promise<string | undefined> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  socket.on("message", (message) => resolve(message.toString()));
  socket.bind(port, from, () => socket.send(text, 51821, GATEWAY));
  const late = setTimeout(() => resolve(undefined), 300);
  return promise.finally(() => {
    clearTimeout(late);
    socket.close();
  });
}

test("each asker is answered by its own address", async (context) => {
  await setUp(context);
  for (const from of [SATELLITE, POD, "127.80.1.10"]) {
    const { status, body } = await ask("/healthz", from);
    assert.deepEqual([status, readGatewayHealth(body)?.you.address], [200, from]);
  }
});

test("a satellite is shown nothing of the others, the VPC is", async (context) => {
  await setUp(context);
  // Loopback itself is the instance: its other addresses stand for networks here.
  const metrics = await ask("/metrics", "127.80.1.10");
  assert.deepEqual([metrics.status, metrics.body], [200, "eks_satellite_gateway_peers 2\n"]);
  const livez = await ask("/livez", "127.80.1.10");
  assert.deepEqual([livez.status, /sync failed/.test(livez.body)], [503, true]);
  for (const path of ["/metrics", "/livez", "/", "/status"])
    assert.equal((await ask(path, SATELLITE)).status, 404, path);
});

test("a satellite's knock comes back, and is heard of; another's is not", async (context) => {
  const heard: string[] = [];
  const server = await setUp(context, { onKnock: (address) => heard.push(address) });
  assert.equal(await knockFrom(SATELLITE, "12345678"), "12345678");
  assert.equal(await knockFrom(POD, "1"), "1");
  const probe = "x".repeat(8893);
  assert.equal(await knockFrom(SATELLITE, probe), probe);
  for (const [from, text] of [
    ["127.90.0.1", "12345678"],
    ["127.80.1.10", "12345678"],
    [SATELLITE, "x".repeat(8894)],
  ] as const)
    assert.equal(await knockFrom(from, text), undefined, `${from} ${text}`);
  assert.deepEqual(heard, [SATELLITE, POD, SATELLITE]);
  await server.round(SOURCES);
  assert.equal(await knockFrom(SATELLITE, "again"), "again");
});

test("an echo of another service, or of another gateway, is not answered in turn", async (context) => {
  await setUp(context);
  assert.equal(await knockFrom(SATELLITE, "1", 51821), undefined);
  assert.equal(await knockFrom(SATELLITE, "1", 7), undefined);
});

test("who is neither is not answered; nor is another name, or a write", async (context) => {
  await setUp(context);
  assert.equal((await ask("/healthz", "127.90.0.1")).status, undefined);
  assert.equal((await ask("/healthz", SATELLITE, { host: "evil.example.com" })).status, 421);
  assert.equal((await ask("/healthz", SATELLITE, { method: "POST" })).status, 405);
});

test("before the networks are known only the instance itself is answered", async (context) => {
  await setUp(context, { network: () => undefined });
  assert.equal((await ask("/healthz", SATELLITE)).status, undefined);
  assert.equal((await ask("/healthz", GATEWAY)).status, 200);
});

test("an address that is not this machine's is an error, and tried again", async () => {
  const { log } = createMemoryLog();
  const signal = new AbortController().signal;
  const server = new GatewayServer({ log, signal, address: () => "192.0.2.77" });
  await assert.rejects(server.round(SOURCES), { code: "health-port-taken", hint: /address in gateway\.yaml/ });
  await assert.rejects(server.round(SOURCES), { code: "health-port-taken" });
  const waiting = new GatewayServer({ log, signal, address: () => undefined });
  await waiting.round(SOURCES);
});

test("a satellite asks to change its key by POST; the VPC and strangers may not, and nothing else may be posted", async (context) => {
  await setUp(context);
  const post = (path: string, from: string) => ask(path, from, { method: "POST" });
  assert.deepEqual(await post(keyChangeUrl("a+b="), SATELLITE), { status: 200, body: "ready\n" });
  assert.equal((await post(keyChangeUrl("other"), SATELLITE)).status, 409);
  assert.equal((await post("/key-change", SATELLITE)).status, 409);
  assert.equal((await post(keyChangeUrl("a+b="), "127.80.0.9")).status, 405);
  assert.equal((await post(keyChangeUrl("a+b="), "127.99.0.9")).status, undefined);
  assert.equal((await post("/healthz", SATELLITE)).status, 405);
  assert.equal((await ask(keyChangeUrl("a+b="), SATELLITE)).status, 404);
});

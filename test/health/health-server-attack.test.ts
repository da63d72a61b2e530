// What a pod or a local user can send to the endpoint: it must neither end the daemon nor hold its event loop.
import assert from "node:assert/strict";
import { request, Server } from "node:http";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { serveHealth } from "../../agent/health/health-server.ts";
import { freePort } from "../fakes/free-port.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

/** As large as the document of a machine with eight GPUs. */
const DOCUMENT = { text: "x".repeat(60_000) };
const GET_STATUS = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function setUp(context: TestContext) {
  const port = await freePort();
  const stop = new AbortController();
  const sockets: Socket[] = [];
  let renderings = 0;
  const status = () => {
    renderings += 1;
    return DOCUMENT;
  };
  const sources = {
    ...{ livez: () => [], readyz: () => [], status },
    metrics: async () => ({ contentType: "text/plain", body: "up 1\n" }),
  };
  await serveHealth({ address: "127.0.0.1", port }, sources, createMemoryLog().log, stop.signal);
  context.after(() => {
    stop.abort();
    for (const socket of sockets) socket.destroy();
  });
  const open = () => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => undefined);
    sockets.push(socket);
    return socket;
  };
  const get = (path: string, host = "localhost") =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { host };
      const sent = request({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject).end();
    });
  return { port, open, get, renderings: () => renderings };
}

/** The longest time that the event loop stood still, milliseconds. */
function watchStalls(): () => number {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 10);
    last = performance.now();
  }, 10);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

test("pipelined requests whose answers are not read cost neither memory nor time", async (context) => {
  const { open, get, renderings } = await setUp(context);
  const before = process.memoryUsage().rss;
  const longestStall = watchStalls();
  const attack = GET_STATUS.repeat(2000);
  for (let count = 0; count < 60; count += 1) open().pause().write(attack);
  await sleep(2000);
  assert.ok(longestStall() < 1500, "the event loop stood still");
  assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20, "memory grew");
  assert.ok(renderings() <= 4, `${renderings()} renderings`);
  await sleep(100);
  assert.equal(await get("/livez"), 200);
});

test("a second request on a connection ends it", async (context) => {
  const { open } = await setUp(context);
  const socket = open();
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.resume().write(GET_STATUS.repeat(2));
  await closed;
});

test("no more connections than a few are held, and those that say nothing are closed within seconds", async (context) => {
  const { open, get } = await setUp(context);
  const silent = Array.from({ length: 100 }, open);
  for (const socket of silent) socket.resume().on("close", () => undefined);
  await sleep(300);
  const held = () => silent.filter(({ readyState, destroyed }) => readyState === "open" && !destroyed).length;
  assert.ok(held() <= 32, `${held()} are held`);
  await sleep(7500);
  assert.equal(held(), 0);
  assert.equal(await get("/livez"), 200);
});

test("while no client is there the server looks for none: each look would be a wake-up of the whole daemon", async (context) => {
  const intervals: number[] = [];
  const { listen } = Server.prototype;
  context.mock.method(Server.prototype, "listen", function (this: Server, ...args: readonly unknown[]) {
    intervals.push((this as unknown as { connectionsCheckingInterval: number }).connectionsCheckingInterval);
    return Reflect.apply(listen, this, args);
  });
  const { get } = await setUp(context);
  const dayMs = 86_400_000;
  assert.deepEqual(
    intervals.map((milliseconds) => milliseconds > dayMs),
    [true],
    String(intervals),
  );
  assert.equal(await get("/livez"), 200);
});

test("a header without end is refused at 4 KiB, and one that comes byte by byte is given up", async (context) => {
  const { open } = await setUp(context);
  const endless = open();
  const answered = new Promise<string>((resolve) => endless.once("data", (chunk) => resolve(String(chunk))));
  endless.write(`GET / HTTP/1.1\r\nx: ${"y".repeat(5000)}`);
  assert.match(await answered, /^HTTP\/1\.1 431 /);
  const slow = open();
  const startedAt = performance.now();
  const closed = new Promise((resolve) => slow.resume().on("close", resolve));
  slow.write("G");
  const drip = setInterval(() => slow.writable && slow.write("E"), 200);
  await closed;
  clearInterval(drip);
  assert.ok(performance.now() - startedAt < 11_000);
});

test("a page whose name was pointed at this machine reads nothing", async (context) => {
  const { get } = await setUp(context);
  assert.equal(await get("/status", "evil.example"), 421);
  assert.equal(await get("/status", "localhost:9911"), 200);
});

test("a proxy on this machine passes on the address that it was asked by", async (context) => {
  const { get } = await setUp(context);
  assert.equal(await get("/metrics", "192.0.2.7:9912"), 200);
});

test("the listener may fail again and again, as without file descriptors, and the endpoint goes on", async (context) => {
  const servers: Server[] = [];
  const { listen } = Server.prototype;
  context.mock.method(Server.prototype, "listen", function (this: Server, ...args: readonly unknown[]) {
    servers.push(this);
    return Reflect.apply(listen, this, args);
  });
  const { get } = await setUp(context);
  for (let count = 0; count < 3; count += 1)
    servers.at(-1)?.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
  assert.equal(await get("/livez"), 200);
});

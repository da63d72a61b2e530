import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { type HealthSources, serveHealth } from "../../agent/observe/health-server.ts";
import { freePort } from "../fakes/free-port.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

async function setUp(context: TestContext, sources: Partial<HealthSources> = {}) {
  const port = await freePort();
  const stop = new AbortController();
  context.after(() => stop.abort());
  const { log } = createMemoryLog();
  await serveHealth(port, { overdueLoops: () => [], status: () => ({ node: "gpu-1" }), ...sources }, log, stop.signal);
  const get = (path: string, method = "GET") =>
    new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
      request({ host: "127.0.0.1", port, path, method, agent: false }, async (response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode, type: response.headers["content-type"], body });
      })
        .on("error", reject)
        .end();
    });
  return { port, stop, get };
}

test("/livez is ok while every loop ends its rounds, and names those that do not", async (context) => {
  const overdue: string[] = [];
  const { get } = await setUp(context, { overdueLoops: () => overdue });
  assert.deepEqual(await get("/livez"), { status: 200, type: "text/plain; charset=utf-8", body: "ok\n" });
  overdue.push("converge", "cluster");
  const { status, body } = await get("/livez?verbose");
  assert.deepEqual([status, body], [503, "overdue: converge, cluster\n"]);
});

test("/status is the document of now, as JSON", async (context) => {
  let number = 1;
  const { get } = await setUp(context, { status: () => ({ number }) });
  assert.equal(JSON.parse((await get("/status")).body).number, 1);
  number = 2;
  const { body, type } = await get("/status");
  assert.equal(JSON.parse(body).number, 2);
  assert.equal(type, "application/json; charset=utf-8");
});

test("other paths are 404, other methods 405", async (context) => {
  const { get } = await setUp(context);
  assert.equal((await get("/")).status, 404);
  assert.equal((await get("/status", "POST")).status, 405);
  assert.equal((await get("/livez", "HEAD")).status, 200);
});

test("no request brings the daemon down, however odd its path", async (context) => {
  const { get } = await setUp(context);
  for (const path of ["//", "//[", "http://[", "/%", "/status/../livez", "*"]) {
    const { status } = await get(path);
    assert.ok(status !== undefined && status < 500, path);
  }
  assert.equal((await get("/livez")).status, 200);
});

test("it listens on the loopback address alone", async (context) => {
  const { port } = await setUp(context);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.2", port });
    socket.on("connect", () => reject(new Error("127.0.0.2 answered")));
    socket.on("error", () => resolve());
  });
});

test("a port that is taken is an error that names it", async (context) => {
  const { port } = await setUp(context);
  const { log } = createMemoryLog();
  const sources = { overdueLoops: () => [], status: () => ({}) };
  await assert.rejects(serveHealth(port, sources, log, new AbortController().signal), {
    code: "health-port-taken",
    message: new RegExp(`127\\.0\\.0\\.1:${port}`),
    hint: /health\.port/,
  });
});

test("it stops with the agent", async (context) => {
  const { get, stop } = await setUp(context);
  await get("/livez");
  stop.abort();
  await assert.rejects(get("/livez"), { code: "ECONNREFUSED" });
});

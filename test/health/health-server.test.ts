import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { type HealthSources, serveHealth } from "../../agent/health/health-server.ts";
import type { ProbeCheck } from "../../agent/health/probe.ts";
import { freePort } from "../fakes/free-port.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const HEALTHY: HealthSources = {
  livez: () => [{ name: "converge", problem: undefined }],
  readyz: () => [{ name: "NodeReady", problem: undefined }],
  status: () => ({ node: "gpu-1" }),
  metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
};

async function setUp(context: TestContext, sources: Partial<HealthSources> = {}) {
  const port = await freePort();
  const stop = new AbortController();
  context.after(() => stop.abort());
  const { log } = createMemoryLog();
  await serveHealth({ address: "127.0.0.1", port }, { ...HEALTHY, ...sources }, log, stop.signal);
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
  const loops: ProbeCheck[] = [
    { name: "cluster", problem: undefined },
    { name: "converge", problem: undefined },
  ];
  const { get } = await setUp(context, { livez: () => loops });
  assert.deepEqual(await get("/livez"), { status: 200, type: "text/plain; charset=utf-8", body: "ok\n" });
  loops[1] = { name: "converge", problem: "its round is 90 s late" };
  const { status, body } = await get("/livez");
  assert.deepEqual([status, body], [503, "[-]converge failed: its round is 90 s late\nlivez check failed\n"]);
});

test("/readyz and its alias say 503 with the root cause first, and ?verbose tells of every check", async (context) => {
  const readyz = () => [
    { name: "CredentialsFresh", problem: "CredentialsExpired: the keys expired" },
    { name: "NodeReady", problem: "NotAsked: nobody can say" },
    { name: "RuntimeReady", problem: undefined },
  ];
  const { get } = await setUp(context, { readyz });
  for (const path of ["/readyz", "/healthz"]) {
    const { status, body } = await get(path);
    assert.equal(status, 503);
    assert.match(body, /^\[-\]CredentialsFresh failed: CredentialsExpired: the keys expired\n\[-\]NodeReady/);
  }
  assert.match((await get("/readyz?verbose")).body, /\[\+\]RuntimeReady ok\nreadyz check failed\n$/);
  const excluded = await get("/readyz?verbose&exclude=CredentialsFresh&exclude=NodeReady");
  assert.equal(excluded.status, 200);
  assert.match(excluded.body, /\[\+\]NodeReady excluded: ok\nreadyz check passed/);
});

test("/metrics comes with its own content type", async (context) => {
  const { get } = await setUp(context);
  assert.deepEqual(await get("/metrics"), { status: 200, type: "text/plain; version=0.0.4", body: "up 1\n" });
});

test("a document that cannot be rendered is a 500, and other requests are served", async (context) => {
  const status = () => {
    throw new Error("no such fact");
  };
  const { get } = await setUp(context, { status });
  assert.equal((await get("/status")).status, 500);
  assert.equal((await get("/livez")).status, 200);
});

test("/status is JSON, rendered at most once a second however often it is asked for", async (context) => {
  let renderings = 0;
  const { get } = await setUp(context, { status: () => ({ number: ++renderings }) });
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 20 }, () => get("/status")));
  const seconds = (performance.now() - startedAt) / 1000;
  assert.ok(renderings <= 1 + seconds, `${renderings} renderings in ${seconds} s`);
  assert.equal(JSON.parse(answers[0]?.body ?? "").number, 1);
  assert.equal(answers[0]?.type, "application/json; charset=utf-8");
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
  await assert.rejects(serveHealth({ address: "127.0.0.1", port }, HEALTHY, log, new AbortController().signal), {
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

test("an agent that ended while it was starting leaves nothing that listens", async () => {
  const port = await freePort();
  const { log } = createMemoryLog();
  await serveHealth({ address: "127.0.0.1", port }, HEALTHY, log, AbortSignal.abort());
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("connect", () => reject(new Error("it answered")));
    socket.on("error", () => resolve());
  });
});

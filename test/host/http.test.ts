// The real host against real servers on the loopback interface.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { type TestContext, test } from "node:test";
import { networkProblemOf } from "../../agent/aws/network-error.ts";
import { describe } from "../../agent/errors.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { localhost, otherCa } from "../fakes/certificates.ts";

const host = createLinuxHost();

/** Serves on a free port of the loopback interface; `closed` resolves when a client's connection has ended. */
async function serve(context: TestContext, listener: RequestListener, tls?: { cert: string; key: string }) {
  const server: Server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  const closed = Promise.withResolvers<void>();
  server.on("connection", (socket) => socket.on("close", () => closed.resolve()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `${tls === undefined ? "http" : "https"}://localhost:${port}`, closed: closed.promise };
}

test("a GET returns status and body, whatever the status", async (context) => {
  const { url } = await serve(context, (request, response) => {
    response.writeHead(request.headers.authorization === "Bearer tok" ? 200 : 401).end(`at ${request.url} – ü`);
  });
  const headers = { authorization: "Bearer tok" };
  const { status, body, serverTimeMs = 0 } = await host.fetch({ url: `${url}/a?b=c`, headers, timeoutSeconds: 5 });
  assert.deepEqual([status, body], [200, "at /a?b=c – ü"]);
  assert.ok(Math.abs(serverTimeMs - Date.now()) < 5000, "the Date header, as a number");
  assert.equal((await host.fetch({ url, timeoutSeconds: 5 })).status, 401);
});

test("an answer that says when to ask again is passed on with that", async (context) => {
  const { url } = await serve(context, (request, response) => {
    response.writeHead(429, request.url === "/none" ? {} : { "retry-after": "7" }).end();
  });
  const { status, retryAfter } = await host.fetch({ url, timeoutSeconds: 5 });
  assert.deepEqual([status, retryAfter], [429, "7"]);
  assert.equal((await host.fetch({ url: `${url}/none`, timeoutSeconds: 5 })).retryAfter, undefined);
});

test("over TLS the given certificate authority is trusted, and no other", async (context) => {
  const { url } = await serve(context, (_, response) => void response.end("ok"), localhost);
  assert.equal((await host.fetch({ url, caPem: localhost.cert, timeoutSeconds: 5 })).body, "ok");
  await assert.rejects(host.fetch({ url, caPem: otherCa, timeoutSeconds: 5 }), { code: "http-failed" });
  await assert.rejects(host.fetch({ url, timeoutSeconds: 5 }), { code: "http-failed" });
});

test("a server that is down, or does not answer in time, is an error with the address", async (context) => {
  await assert.rejects(host.fetch({ url: "http://127.0.0.1:1/x", timeoutSeconds: 5 }), {
    code: "http-failed",
    message: "GET http://127.0.0.1:1/x was not answered",
  });
  const { url, closed } = await serve(context, () => undefined);
  await assert.rejects(host.fetch({ url, timeoutSeconds: 0.1 }), (error) => {
    assert.equal(describe(error).message, `GET ${url} was not answered: no answer in 0.1 s`);
    return networkProblemOf(error) === "timeout";
  });
  await closed;
});

const FOLLOWING = { timeoutSeconds: 5, silenceSeconds: 5 };

test("a stream is followed line by line, also when a line arrives in parts, until the server ends it", async (context) => {
  const { url } = await serve(context, async (_, response) => {
    for (const part of ["one\ntw", "o\nthr", "ee\n"]) {
      response.write(part);
      await new Promise(setImmediate);
    }
    response.end();
  });
  const lines: string[] = [];
  const signal = new AbortController().signal;
  const result = await host.follow({ ...FOLLOWING, url, signal, onLine: (line) => void lines.push(line) });
  assert.deepEqual([result, lines], [{ status: 200, body: "" }, ["one", "two", "three"]]);
});

test("a stream that is refused returns status and body, and when to come again", async (context) => {
  const { url } = await serve(context, (_, response) => void response.writeHead(429, { "retry-after": "7" }).end("no"));
  const signal = new AbortController().signal;
  const { status, body, retryAfter } = await host.follow({ ...FOLLOWING, url, signal, onLine: () => undefined });
  assert.deepEqual([status, body, retryAfter], [429, "no", "7"]);
});

test("an abort ends a stream and its connection", async (context) => {
  const stop = new AbortController();
  const { url, closed } = await serve(context, (_, response) => void response.write("line\n"));
  const result = await host.follow({ ...FOLLOWING, url, signal: stop.signal, onLine: () => stop.abort() });
  assert.equal(result.status, 200);
  await closed;
});

test("a stream that breaks in the middle is an error", async (context) => {
  const { url } = await serve(context, (_, response) => {
    response.write("line\n", () => response.destroy());
  });
  const signal = new AbortController().signal;
  await assert.rejects(host.follow({ ...FOLLOWING, url, signal, onLine: () => undefined }), { code: "http-failed" });
});

test("a stream that falls silent is an error, and its connection is closed", async (context) => {
  const { url, closed } = await serve(context, (_, response) => void response.write("line\n"));
  const signal = new AbortController().signal;
  const request = { ...FOLLOWING, url, signal, silenceSeconds: 0.1, onLine: () => undefined };
  await assert.rejects(host.follow(request), { code: "http-failed" });
  await closed;
});

test("a stream that is not opened in time is an error, and its connection is closed", async (context) => {
  const { url, closed } = await serve(context, () => undefined);
  const signal = new AbortController().signal;
  const request = { ...FOLLOWING, url, signal, timeoutSeconds: 0.1, onLine: () => undefined };
  await assert.rejects(host.follow(request), { code: "http-failed" });
  await closed;
});

test("a refusal whose body never ends is an error, and its connection is closed", async (context) => {
  const { url, closed } = await serve(context, (_, response) => {
    response.writeHead(500);
    response.write("half of");
  });
  const signal = new AbortController().signal;
  const request = { ...FOLLOWING, url, signal, silenceSeconds: 0.1, onLine: () => undefined };
  await assert.rejects(host.follow(request), { code: "http-failed" });
  await closed;
});

test("an error of the line's reader ends the stream with that error, and closes the connection", async (context) => {
  const { url, closed } = await serve(context, (_, response) => void response.write("not json\n"));
  const signal = new AbortController().signal;
  await assert.rejects(host.follow({ ...FOLLOWING, url, signal, onLine: (line) => void JSON.parse(line) }), {
    code: "http-failed",
  });
  await closed;
});

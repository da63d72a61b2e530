import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { callGrpc } from "../../agent/host/grpc.ts";

const METHOD = "/runtime.v1.RuntimeService/Status";

function socketPath(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "s.sock");
}

/** A gRPC server of one behaviour on a unix socket. */
async function serve(context: TestContext, answer: (stream: ServerHttp2Stream, body: Buffer) => void) {
  const socket = socketPath(context);
  const seen: { path?: string | undefined; body?: Buffer } = {};
  const server = createServer();
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined); // The client may be gone already.
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      seen.path = String(headers[constants.HTTP2_HEADER_PATH]);
      seen.body = Buffer.concat(chunks);
      answer(stream, seen.body);
    });
  });
  server.listen(socket);
  await once(server, "listening");
  context.after(() => void server.close());
  const call = (message = new Uint8Array(), timeoutSeconds = 5) =>
    callGrpc({ socket, method: METHOD, message, timeoutSeconds });
  return { call, seen, socket };
}

function reply(stream: ServerHttp2Stream, message: Uint8Array, trailers: Record<string, string>): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
}

test("a message is sent and one returned, each with its length prefix", async (context) => {
  const { call, seen } = await serve(context, (stream) =>
    reply(stream, Buffer.from([9, 8, 7]), { "grpc-status": "0" }),
  );
  const { status, message } = await call(new Uint8Array([1, 2]));
  assert.deepEqual([status, [...message]], [0, [9, 8, 7]]);
  assert.equal(seen.path, METHOD);
  assert.deepEqual([...(seen.body ?? [])], [0, 0, 0, 0, 2, 1, 2]);
});

test("a refusal without a body returns its status and its decoded message", async (context) => {
  const { call } = await serve(context, (stream) =>
    stream.respond(
      { ":status": 200, "grpc-status": "12", "grpc-message": "unknown service runtime.v1.RuntimeService %E2%80%93" },
      { endStream: true },
    ),
  );
  const { status, statusMessage } = await call();
  assert.deepEqual([status, statusMessage], [12, "unknown service runtime.v1.RuntimeService –"]);
});

test("a message with a percent sign that encodes nothing stays as it is", async (context) => {
  const { call } = await serve(context, (stream) =>
    reply(stream, new Uint8Array(), { "grpc-status": "2", "grpc-message": "disk 95% full" }),
  );
  const { status, statusMessage } = await call();
  assert.deepEqual([status, statusMessage], [2, "disk 95% full"]);
});

test("an answer without a status has the status unknown", async (context) => {
  const { call } = await serve(context, (stream) => {
    stream.respond({ ":status": 502 });
    stream.end("bad gateway");
  });
  assert.equal((await call()).status, 2);
});

test("a missing socket is an error that names it", async (context) => {
  const socket = socketPath(context);
  await assert.rejects(callGrpc({ socket, method: METHOD, message: new Uint8Array(), timeoutSeconds: 5 }), {
    code: "grpc-failed",
    message: `${METHOD} on ${socket} was not answered`,
    cause: Object.assign(new Error("connect ENOENT"), { code: "ENOENT" }),
  });
});

test("a server that never answers is given up on in time", async (context) => {
  const { call } = await serve(context, () => undefined);
  await assert.rejects(call(new Uint8Array(), 0.1), { code: "grpc-failed" });
});

test("a socket that accepts and says nothing is given up on in time", async (context) => {
  const socket = socketPath(context);
  const server = createSocketServer((connection) => context.after(() => void connection.destroy())).listen(socket);
  await once(server, "listening");
  context.after(() => void server.close());
  await assert.rejects(callGrpc({ socket, method: METHOD, message: new Uint8Array(), timeoutSeconds: 0.1 }), {
    code: "grpc-failed",
  });
});

test("a call that the server interrupts is an error and does not wait for ever", async (context) => {
  for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_INTERNAL_ERROR]) {
    const { call } = await serve(context, (stream) => stream.close(code));
    await assert.rejects(call(), { code: "grpc-failed" });
  }
});

test("a server that goes away in the middle of an answer is an error", async (context) => {
  const { call } = await serve(context, (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    stream.write(Buffer.from([0, 0, 0]), () => stream.session?.destroy());
  });
  await assert.rejects(call(), { code: "grpc-failed" });
});

test("an answer that comes byte by byte is none at the call's deadline", async (context) => {
  const { call } = await serve(context, (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    const drip = setInterval(() => stream.write("x"), 50);
    stream.on("close", () => clearInterval(drip));
  });
  const startedAt = performance.now();
  await assert.rejects(call(new Uint8Array(), 0.5), { code: "grpc-failed" });
  assert.ok(performance.now() - startedAt < 3000);
});

test("an answer without end is ended at what kubelet takes too", async (context) => {
  const { call } = await serve(context, (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    const chunk = Buffer.alloc(2 ** 20);
    const pour = () => {
      while (!stream.destroyed && stream.write(chunk));
    };
    stream.on("drain", pour);
    pour();
  });
  await assert.rejects(
    call(new Uint8Array(), 20),
    (error: Error) => error.cause instanceof Error && /longer than 16777216 bytes/.test(error.cause.message),
  );
});

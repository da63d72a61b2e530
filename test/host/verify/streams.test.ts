// The streams through the API server, against a WebSocket server that speaks Kubernetes' channels: whole, broken off, flooded.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { askPort, execInPod } from "../../../agent/host/verify/streams.ts";

interface Socket {
  send(data: Buffer): void;
  close(code?: number, reason?: string): void;
  on(event: "message", handler: (data: Buffer) => void): void;
}

/** The client's own WebSocket package, which has no types. */
const { WebSocketServer } = createRequire(import.meta.resolve("@kubernetes/client-node"))("ws");
const POD = { namespace: "default", name: "p" };

let server: Server;
let config: KubeConfig;
let serve: (socket: Socket) => void;
before(async () => {
  server = createServer();
  const sockets = new WebSocketServer({ server, handleProtocols: (offered: Set<string>) => [...offered][0] });
  sockets.on("connection", (socket: Socket) => serve(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  config.loadFromClusterAndUser({ name: "c", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: "u" });
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const frame = (channel: number, text: string | Buffer) => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
const signal = () => AbortSignal.timeout(5000);
const exec = () => execInPod(config, POD, { container: "web", command: ["cat"], signal: signal() });
const ask = () =>
  askPort(config, POD, {
    port: 80,
    request: "GET / HTTP/1.0\r\n\r\n",
    isWhole: (text) => text.includes("page"),
    signal: signal(),
  });

test("a command's output and its status arrive", async () => {
  serve = (socket) => {
    socket.send(frame(1, "out"));
    socket.send(frame(2, "err"));
    socket.send(frame(3, JSON.stringify({ status: "Success" })));
  };
  assert.deepEqual(await exec(), { stdout: "out", stderr: "err" });
  serve = (socket) => socket.send(frame(3, JSON.stringify({ status: "Failure", message: "exit code 2" })));
  assert.deepEqual(await exec(), { stdout: "", stderr: "", failure: "exit code 2" });
});

test("a connection that is closed before the status is an error with its reason", async () => {
  serve = (socket) => socket.close(1011, "no runtime");
  await assert.rejects(exec(), /closed \(1011\) no runtime/);
});

test("a pod that floods is kept to 64 KiB", async () => {
  serve = (socket) => {
    for (let part = 0; part < 20; part += 1) socket.send(frame(1, "x".repeat(10_000)));
    socket.send(frame(3, JSON.stringify({ status: "Success" })));
  };
  assert.equal((await exec()).stdout.length, 64 * 1024);
});

test("an answer that never ends is left when the signal aborts", async () => {
  serve = () => undefined;
  const stop = new AbortController();
  const running = execInPod(config, POD, { container: "web", command: ["cat"], signal: stop.signal });
  setTimeout(() => stop.abort(), 100);
  await assert.rejects(running, /closed/);
});

test("a port's answer is whole when it is, and kubelet's words are the error", async () => {
  const port = Buffer.from([80, 0]);
  serve = (socket) => {
    socket.send(frame(0, port));
    socket.send(frame(1, port));
    socket.on("message", () => {
      socket.send(frame(0, "HTTP/1.0 200 OK\r\n\r\n"));
      socket.send(frame(0, "page"));
    });
  };
  assert.match(await ask(), /page$/);
  serve = (socket) => {
    socket.send(frame(0, port));
    socket.send(frame(1, port));
    socket.send(frame(1, "connection refused\n"));
  };
  await assert.rejects(ask(), /^Error: connection refused$/);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { honourProxies } from "../../agent/host/proxy.ts";
import { localhost, otherCa } from "../fakes/certificates.ts";

const host = createLinuxHost();

async function listen(context: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("a port that listens is ok, one that does not refuses, and its connections are closed", async (context) => {
  const server = createTcpServer();
  const closed = once(server, "connection").then(([socket]) => once(socket.resume(), "close"));
  const port = await listen(context, server);
  assert.equal(await host.reach("127.0.0.1", port, 5), "ok");
  await closed;
  assert.equal(await host.reach("127.0.0.1", 1, 5), "refused");
});

test("an address that no way leads to is silent", async () => {
  assert.equal(await host.reach("255.255.255.255", 9, 0.1), "silent");
});

test("a request may go to an address of its own: past name, proxy and kept connections", async (context) => {
  const port = await listen(
    context,
    createServer((request, response) => void response.end(`for ${request.headers.host}`)),
  );
  const url = `http://no-such-name.invalid:${port}/healthz`;
  const direct = { url, connectTo: "127.0.0.1", timeoutSeconds: 5 };
  assert.equal((await host.fetch(direct)).body, `for no-such-name.invalid:${port}`);
  await assert.rejects(host.fetch({ url, timeoutSeconds: 5 }), { code: "http-failed" });
  const { globalAgent } = http;
  context.after(() => {
    http.globalAgent = globalAgent;
  });
  honourProxies({ HTTP_PROXY: "http://127.0.0.1:1" });
  assert.equal((await host.fetch(direct)).status, 200);
  await assert.rejects(host.fetch({ url, timeoutSeconds: 5 }), { code: "http-failed" });
});

test("the certificate must still be that of the URL's name and of the given authority", async (context) => {
  const port = await listen(
    context,
    createTlsServer(localhost, (_, response) => void response.end("ok")),
  );
  const fetch = (name: string, caPem: string) =>
    host.fetch({ url: `https://${name}:${port}/livez`, connectTo: "127.0.0.1", caPem, timeoutSeconds: 5 });
  assert.equal((await fetch("localhost", localhost.cert)).body, "ok");
  await assert.rejects(fetch("api.example", localhost.cert), { code: "http-failed" });
  await assert.rejects(fetch("localhost", otherCa), { code: "http-failed" });
});

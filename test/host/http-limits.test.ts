// Servers that answer without end, or too slowly: each costs bounded memory and time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { describe } from "../../agent/errors.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";

const host = createLinuxHost();
const CHUNK = Buffer.alloc(64 * 2 ** 10, "x");

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Writes for as long as it is read. */
function pourOut(response: ServerResponse): void {
  response.on("error", () => undefined);
  const pour = () => {
    while (!response.destroyed && response.write(CHUNK));
  };
  response.on("drain", pour);
  pour();
}

async function assertFailsWith(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const startedAt = performance.now();
  const error = await work.then(
    () => assert.fail("it was answered"),
    (cause: unknown) => describe(cause),
  );
  assert.equal(error.code, code);
  assert.match(error.message, message);
  assert.ok(performance.now() - startedAt < 5000, "it took too long");
}

test("an answer without end is an error at 4 MiB, or where the request says", async (context) => {
  const url = await serve(context, (_, response) => pourOut(response));
  const before = process.memoryUsage().rss;
  await assertFailsWith(host.fetch({ url, timeoutSeconds: 30 }), "http-failed", /longer than 4194304 bytes/);
  await assertFailsWith(host.fetch({ url, timeoutSeconds: 30, maxBytes: 4096 }), "http-failed", /longer than 4096/);
  assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20);
});

test("an answer that comes byte by byte is given up at the request's deadline", async (context) => {
  const url = await serve(context, (_, response) => {
    const drip = setInterval(() => response.write("x"), 50);
    response.on("close", () => clearInterval(drip));
  });
  await assertFailsWith(host.fetch({ url, timeoutSeconds: 0.5 }), "http-failed", /no answer in 0\.5 s/);
});

test("a stream's line without end, and an error's body without end, end the stream", async (context) => {
  for (const status of [200, 500]) {
    const url = await serve(context, (_, response) => pourOut(response.writeHead(status)));
    const { signal } = new AbortController();
    const following = host.follow({ url, timeoutSeconds: 5, silenceSeconds: 5, signal, onLine: () => undefined });
    await assertFailsWith(following, "http-failed", /longer than/);
  }
});

async function downloadFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-"));
  context.after(() => rm(folder, { recursive: true }));
  return join(folder, "part");
}

test("a download without end is ended at its limit, and nothing of it is kept", async (context) => {
  const url = await serve(context, (_, response) => pourOut(response));
  const path = await downloadFolder(context);
  const request = { url, path, silenceSeconds: 5, maxBytes: 5 * 2 ** 20 };
  await assertFailsWith(host.download(request), "download-too-large", /is larger than 5 MiB/);
  assert.equal(existsSync(path) ? statSync(path).size : 0, 0);
});

test("a file that says it is too large is not begun", async (context) => {
  const url = await serve(context, (_, response) => pourOut(response.writeHead(200, { "content-length": 2 ** 40 })));
  const path = await downloadFolder(context);
  await assertFailsWith(host.download({ url, path, silenceSeconds: 5 }), "download-too-large", /larger than 1024 MiB/);
  assert.equal(statSync(path).size, 0);
});

test("a download that comes byte by byte is given up at its deadline, and continued the next time", async (context) => {
  const url = await serve(context, (_, response) => {
    const drip = setInterval(() => response.write("x"), 50);
    response.on("close", () => clearInterval(drip));
  });
  const path = await downloadFolder(context);
  const request = { url, path, silenceSeconds: 5, deadlineSeconds: 0.5 };
  await assertFailsWith(host.download(request), "http-failed", /was not complete after 0\.5 s/);
  assert.ok(statSync(path).size > 0);
});

test("NODE_TLS_REJECT_UNAUTHORIZED=0 makes no certificate good", async () => {
  // The variable is read at each connection; a process of its own keeps it from the other tests.
  const script = `
    import { createServer } from "node:https";
    import { createLinuxHost } from ${JSON.stringify(new URL("../../agent/host/linux-host.ts", import.meta.url).href)};
    import { localhost } from ${JSON.stringify(new URL("../fakes/certificates.ts", import.meta.url).href)};
    const server = createServer(localhost, (_, response) => response.end("read"));
    server.listen(0, "localhost", async () => {
      const url = "https://localhost:" + server.address().port;
      console.log(await createLinuxHost().fetch({ url, timeoutSeconds: 5 }).then(({ body }) => body, ({ code }) => code));
      process.exit();
    });`;
  const { stdout } = await host.run(process.execPath, ["--input-type=module", "--eval", script], {
    environment: { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" },
  });
  assert.equal(stdout, "http-failed");
});

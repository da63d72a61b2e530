// Downloads from real servers on the loopback interface to a real disk.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { describe } from "../../agent/errors.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";

const host = createLinuxHost();
const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

/** A folder to download to, and a server with the ranges that were asked of it. */
async function setUp(context: TestContext, listener: RequestListener = serveRanges) {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-download-"));
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    listener(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const path = join(folder, "kubelet.part");
  const url = `http://127.0.0.1:${port}/kubelet`;
  return { folder, path, url, ranges, request: { url, path, silenceSeconds: 5 } };
}

const serveRanges: RequestListener = ({ headers: { range } }, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (start >= CONTENT.length) return void response.writeHead(416).end();
  response
    .writeHead(start === 0 ? 200 : 206, { "content-length": CONTENT.length - start })
    .end(CONTENT.subarray(start));
};

test("a file is downloaded whole, with its progress", async (context) => {
  const { path, request } = await setUp(context);
  const seen: (readonly [bytes: number, totalBytes: number | undefined])[] = [];
  const onProgress = (bytes: number, totalBytes: number | undefined) => void seen.push([bytes, totalBytes]);
  assert.deepEqual(await host.download({ ...request, onProgress }), { status: 200, bytes: CONTENT.length });
  assert.deepEqual(await readFile(path), CONTENT);
  assert.deepEqual(seen.at(-1), [CONTENT.length, CONTENT.length]);
});

test("an interrupted download continues, and its progress counts from the beginning of the file", async (context) => {
  const { path, ranges, request } = await setUp(context, (incoming, response) => {
    if (incoming.headers.range !== undefined) return serveRanges(incoming, response);
    response.writeHead(200, { "content-length": CONTENT.length });
    response.write(CONTENT.subarray(0, 100_000), () => response.socket?.end());
  });
  await assert.rejects(host.download(request), { code: "http-failed", message: /broke off after \d+ bytes$/ });
  const { length } = await readFile(path);
  assert.ok(length > 0 && length < CONTENT.length);
  const seen: unknown[] = [];
  await host.download({ ...request, onProgress: (...progress) => void seen.push(progress) });
  assert.deepEqual(ranges, [undefined, `bytes=${length}-`]);
  assert.deepEqual(seen.at(-1), [CONTENT.length, CONTENT.length]);
  assert.deepEqual(await readFile(path), CONTENT);
  assert.deepEqual(await host.download(request), { status: 200, bytes: CONTENT.length }, "nothing is left to ask for");
  assert.deepEqual(await readFile(path), CONTENT);
});

test("a server without ranges sends the file from the beginning", async (context) => {
  const { path, request } = await setUp(context, (_, response) => void response.end(CONTENT));
  await writeFile(path, "the beginning of something else");
  await host.download(request);
  assert.deepEqual(await readFile(path), CONTENT);
});

test("a missing file leaves the earlier part", async (context) => {
  const { path, request } = await setUp(context, (_, response) => void response.writeHead(404).end("no"));
  await writeFile(path, "half");
  assert.equal((await host.download(request)).status, 404);
  assert.equal(await readFile(path, "utf8"), "half");
});

test("a server that falls silent is given up", async (context) => {
  const { request } = await setUp(context, (_, response) => void response.write(CONTENT.subarray(0, 1000)));
  await assert.rejects(host.download({ ...request, silenceSeconds: 0.2 }), (error) => {
    assert.match(describe(error).message, /broke off after 1000 bytes: silent for 0\.2 s$/);
    return true;
  });
});

test("an abort leaves the part so far, and no open connection", async (context) => {
  const end = new AbortController();
  const { path, request } = await setUp(context, (_, response) => void response.write(CONTENT.subarray(0, 1000)));
  const download = host.download({ ...request, signal: end.signal, onProgress: () => end.abort() });
  await assert.rejects(download, { code: "http-failed" });
  assert.equal((await readFile(path)).length, 1000);
});

test("redirects are followed, but not in circles", async (context) => {
  const { path, url, request } = await setUp(context, (incoming, response) => {
    if (incoming.url === "/real") return serveRanges(incoming, response);
    response.writeHead(302, { location: incoming.url === "/kubelet" ? "real" : incoming.url }).end();
  });
  await host.download(request);
  assert.deepEqual(await readFile(path), CONTENT);
  const circle = { ...request, url: `${url}/circle/`, path: `${path}.circle` };
  assert.equal((await host.download(circle)).status, 302);
});

test("a file of this machine is copied", async (context) => {
  const { folder, path, request } = await setUp(context);
  await writeFile(join(folder, "a kubelet"), CONTENT);
  await writeFile(path, "half of another");
  await host.download({ ...request, url: pathToFileURL(join(folder, "a kubelet")).href });
  assert.deepEqual(await readFile(path), CONTENT);
  await assert.rejects(host.download({ ...request, url: pathToFileURL(join(folder, "none")).href }), {
    code: "http-failed",
  });
});

test("a disk that is full, or a folder that is not there, is named", async (context) => {
  const { folder, request } = await setUp(context);
  await assert.rejects(host.download({ ...request, path: "/dev/full" }), { code: "disk-full" });
  await assert.rejects(host.download({ ...request, path: join(folder, "none", "kubelet.part") }), {
    code: "file-unwritable",
  });
});

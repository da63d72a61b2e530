// What packaging/install.sh shows of a download while it lasts.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { Machine } from "./install-machine.ts";

/** It sends the half, and goes on when that was seen for a while. */
const server = createServer((_request, response) => {
  response.write(Buffer.alloc(3_500_000));
  setTimeout(() => response.end(Buffer.alloc(1000)), 2000);
});
before(() => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening)));
after(() => server.close());

async function run(typed: string | undefined): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const machine = await Machine.create();
  const url = `http://127.0.0.1:${port}/eks-satellite-1.0.0-linux-amd64.tar.gz`;
  const args = [
    "--cluster",
    "demo",
    "--region",
    "us-west-2",
    "--skip-start",
    "--from",
    url,
    "--sha256",
    "0".repeat(64),
  ];
  const { stdout, stderr, exitCode } = await machine.install(args, typed === undefined ? {} : { typed });
  assert.equal(exitCode, 1);
  assert.match(stdout + stderr, /verifying eks-satellite-1\.0\.0-linux-amd64\.tar\.gz: its SHA-256 is/);
  return stdout + stderr;
}

test("on a terminal the size so far is shown in one line, which is erased at the end", async () => {
  const shown = await run("");
  assert.ok(shown.includes("\r  3 MB\u001b[K"), shown);
  assert.ok(shown.lastIndexOf("\r\u001b[K") > shown.lastIndexOf(" MB\u001b[K"), shown);
});

test("in a log there is none of it", async () => {
  const shown = await run(undefined);
  assert.ok(!shown.includes(" MB"), shown);
  assert.ok(!shown.includes("\u001b"), shown);
});

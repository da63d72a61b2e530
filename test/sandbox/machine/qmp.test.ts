// QEMU's machine protocol, against a server that speaks it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { askQemu } from "./qmp.ts";

const GREETING = { QMP: { version: {}, capabilities: [] } };
const EVENT = { event: "STOP", timestamp: {} };

/** A QEMU that greets, reports an event before each answer, and knows "stop" alone. */
async function withQemu(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-qmp-"));
  const path = join(folder, "socket");
  const server = createServer(async (socket) => {
    const tell = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
    tell(GREETING);
    for await (const line of createInterface({ input: socket })) {
      const { execute, id } = JSON.parse(line);
      tell(EVENT);
      const isKnown = execute === "qmp_capabilities" || execute === "stop";
      tell(isKnown ? { return: { did: execute }, id } : { error: { desc: `no command ${execute}` }, id });
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await use(path);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
}

test("a command is answered after the greeting, past the events in between", () =>
  withQemu(async (path) => assert.deepEqual(await askQemu(path, "stop"), { did: "stop" })));

test("a refusal says which command and why", () =>
  withQemu((path) => assert.rejects(askQemu(path, "explode"), /QEMU refused explode: no command explode/)));

test("a socket that is not there is an error", async () => {
  await assert.rejects(askQemu("/nonexistent/socket", "stop"), /ENOENT/);
});

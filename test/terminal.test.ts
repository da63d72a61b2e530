// What a signal does to a command: an end in order where the command has one, else the end that Node gives.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runProgram } from "../agent/terminal.ts";

const MAIN = fileURLToPath(new URL("../agent/main.ts", import.meta.url));

/** A server that takes connections and never answers: what asks it is in the midst of its work. */
async function silentServer(context: TestContext) {
  const server = createServer((socket) => void socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { server, url: `https://127.0.0.1:${address.port}` };
}

function ended(child: ChildProcess) {
  return once(child, "close", { signal: AbortSignal.timeout(20_000) });
}

test("check ends at the first Ctrl-C, by the signal", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "terminal-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const { server, url } = await silentServer(context);
  const file = join(folder, "config.yaml");
  writeFileSync(join(folder, "keys"), "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n", { mode: 0o600 });
  const endpoints = `{ sts: "${url}", eks: "${url}" }`;
  writeFileSync(
    file,
    `cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: ${folder}/keys }\naws: { endpoints: ${endpoints} }\n`,
  );
  const child = spawn(process.execPath, [MAIN, "check", "--config", file], { stdio: "ignore" });
  const end = ended(child);
  await once(server, "connection", { signal: AbortSignal.timeout(20_000) });
  const began = performance.now();
  child.kill("SIGINT");
  assert.deepEqual(await end, [null, "SIGINT"]);
  assert.ok(performance.now() - began < 4000, "its checks would have gone on for 8 s");
});

test("status --watch ends in order at the first Ctrl-C", async () => {
  const child = spawn(process.execPath, [MAIN, "status", "--watch", "--config", "/nonexistent"]);
  const end = ended(child);
  await once(child.stdout, "data", { signal: AbortSignal.timeout(20_000) });
  child.kill("SIGINT");
  const [exitCode, signal] = await end;
  assert.deepEqual([typeof exitCode, signal], ["number", null]);
});

test("a second Ctrl-C ends a command that waits for AWS and would have ended in order", async (context) => {
  const { server, url } = await silentServer(context);
  const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_ENDPOINT_URL: url };
  const args = ["gateway", "check", "--cluster", "demo", "--region", "us-west-2"];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: "ignore", env: { ...process.env, ...keys } });
  const end = ended(child);
  await once(server, "connection", { signal: AbortSignal.timeout(20_000) });
  child.kill("SIGINT");
  await sleep(1500);
  assert.equal(child.exitCode, null);
  child.kill("SIGINT");
  assert.deepEqual(await end, [null, "SIGINT"]);
});

test("signals are listened to when a command reads the stop signal, and not before", async () => {
  const counts = () => ["SIGINT", "SIGTERM"].map((name) => process.listenerCount(name));
  const before = counts();
  const seen: number[][] = [];
  const program = {
    parseAsync: async () => undefined,
  };
  await runProgram({}, (context) => {
    seen.push(counts());
    assert.equal(context.stopSignal.aborted, false);
    assert.equal(context.stopSignal, context.stopSignal);
    seen.push(counts());
    return program as never;
  });
  assert.deepEqual(seen, [before, before.map((count) => count + 1)]);
  for (const name of ["SIGINT", "SIGTERM"]) process.removeAllListeners(name);
});

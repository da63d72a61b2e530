// The same cases on a real machine and on the one in memory, for processes, HTTP and the clock: files have a test of their own.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Host } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

interface Machine {
  readonly host: Host;
  /** Where every GET is answered with so many bytes. */
  readonly serve: (bytes: number) => Promise<string>;
  /** A folder that downloads may go to. */
  readonly folder: string;
  /** Lets time pass. */
  readonly wait: (milliseconds: number) => Promise<unknown>;
}

function realMachine(context: TestContext): Machine {
  const host = createLinuxHost();
  const folder = mkdtempSync(join(tmpdir(), "host-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const serve = async (bytes: number) => {
    const server = createServer((_, response) => void response.end("x".repeat(bytes)));
    context.after(() => void server.close().closeAllConnections());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  };
  return { host, serve, folder, wait: (milliseconds) => host.clock.sleep(milliseconds) };
}

/** Its shell knows what these cases ask of it. */
function memoryMachine(): Machine {
  const host = new MemoryHost();
  host.install("sh", ([, script = ""]) => {
    if (script.startsWith("sleep")) return new Promise(() => undefined);
    const exitCode = Number(/exit (\d+)/.exec(script)?.[1] ?? 0);
    return { exitCode, stdout: script.startsWith("echo out") ? "out" : "", stderr: exitCode === 0 ? "" : "err" };
  });
  host.install("sleep", () => ({}));
  const serve = async (bytes: number) => {
    const url = "http://127.0.0.1/file";
    host.onFetch = () => ({ status: 200, body: "x".repeat(bytes) });
    host.downloads.set(url, "x".repeat(bytes));
    return url;
  };
  return { host, serve, folder: "/x", wait: (milliseconds) => host.clock.advance(milliseconds) };
}

function conforms(what: string, check: (machine: Machine) => Promise<void>): void {
  test(`${what} (a real machine)`, (context) => check(realMachine(context)));
  test(`${what} (in memory)`, () => check(memoryMachine()));
}

const ENVIRONMENT = { PATH: process.env.PATH ?? "" };

conforms("a command's exit code and outputs are its result, whatever the code", async ({ host }) => {
  assert.deepEqual(await host.run("sh", ["-c", "echo out"]), { exitCode: 0, stdout: "out", stderr: "" });
  const failed = await host.run("sh", ["-c", "echo err >&2; exit 3"]);
  assert.deepEqual(failed, { exitCode: 3, stdout: "", stderr: "err" });
});

conforms("a command that does not end is an error at its deadline, and not before", async ({ host, wait }) => {
  const running = host.run("sh", ["-c", "sleep 60"], { timeoutSeconds: 0.5 });
  const ended = running.then(
    () => "ended",
    ({ code }) => code,
  );
  await wait(600);
  assert.equal(await ended, "command-timeout");
});

conforms("a program that is not there is an error with its name, run or spawned", async ({ host }) => {
  const missing = { code: "command-missing", message: /no-such-program/ };
  await assert.rejects(host.run("no-such-program", []), missing);
  assert.throws(() => host.spawn("/no-such-program", [], ENVIRONMENT), missing);
});

conforms("a child ends by the signal that it gets, and says by which", async ({ host }) => {
  for (const signal of ["SIGTERM", "SIGKILL", "SIGQUIT"] as const) {
    const child = host.spawn("sleep", ["60"], ENVIRONMENT);
    child.kill(signal);
    assert.deepEqual(await child.exited, { exitCode: undefined, signal });
  }
});

conforms("a child is continued, which ends nothing, and is gone once it has ended", async ({ host, wait }) => {
  const child = host.spawn("sleep", ["60"], ENVIRONMENT);
  let isGone = false;
  void child.exited.then(() => {
    isGone = true;
  });
  child.kill("SIGCONT");
  await wait(100);
  assert.equal(isGone, false);
  assert.equal(host.kill(child.pid, "SIGTERM"), true);
  await child.exited;
  assert.equal(host.kill(child.pid, "SIGTERM"), false);
  child.kill("SIGKILL"); // Nothing is left to kill, and that is no error.
});

conforms("an answer is whole up to its limit, and an error beyond it", async ({ host, serve }) => {
  const url = await serve(1000);
  const request = { url, timeoutSeconds: 5 };
  assert.equal((await host.fetch({ ...request, maxBytes: 1000 })).body.length, 1000);
  await assert.rejects(host.fetch({ ...request, maxBytes: 999 }), { code: "http-failed" });
  const large = { url: await serve(5 * 2 ** 20), timeoutSeconds: 5 };
  await assert.rejects(host.fetch(large), { code: "http-failed" });
});

conforms("a download is whole up to its limit, and an error beyond it", async ({ host, serve, folder }) => {
  const request = { url: await serve(1000), silenceSeconds: 5 };
  const taken = await host.download({ ...request, path: `${folder}/taken`, maxBytes: 1000 });
  assert.deepEqual(taken, { status: 200, bytes: 1000 });
  const refused = host.download({ ...request, path: `${folder}/refused`, maxBytes: 999 });
  await assert.rejects(refused, { code: "download-too-large" });
  assert.equal((await host.files.read(`${folder}/refused`)) ?? "", "");
});

conforms("a sleep takes its time by the clock that nothing sets, and ends with its signal", async ({ host, wait }) => {
  const { clock } = host;
  const beganMs = clock.monotonic();
  const slept = clock.sleep(50).then(() => clock.monotonic() - beganMs);
  await wait(60);
  assert.ok((await slept) >= 49);
  await assert.rejects(clock.sleep(60_000, AbortSignal.abort()));
  const stop = new AbortController();
  const cut = clock.sleep(60_000, stop.signal);
  stop.abort();
  await assert.rejects(cut);
});

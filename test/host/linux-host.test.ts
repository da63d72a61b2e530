// The real host against real children and real files.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { readProcess } from "../../agent/facts/process.ts";
import type { Child } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";

const FAKE_KUBELET = fileURLToPath(new URL("../fixtures/fake-kubelet.ts", import.meta.url));
const host = createLinuxHost();

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a command's output, error output and exit code are a result, whatever the code", async () => {
  const { exitCode, stdout, stderr } = await host.run("sh", ["-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual([exitCode, stdout, stderr], [3, "out", "err"]);
});

test("a command that a signal ends returns a result too", async () => {
  assert.notEqual((await host.run("sh", ["-c", "kill -9 $$"])).exitCode, 0);
});

test("a process group that does not end is killed as a whole, since a child would hold the output open", async () => {
  const startedAt = performance.now();
  const running = host.run("sh", ["-c", "sleep 300 | cat; true"], { timeoutSeconds: 0.3 });
  await assert.rejects(running, { code: "command-timeout" });
  assert.ok(performance.now() - startedAt < 10_000);
});

test("a command reads no input and gets the variables that it is given", async () => {
  const { stdout } = await host.run("sh", ["-c", 'cat; echo "$GIVEN"'], { environment: { GIVEN: "yes" } });
  assert.equal(stdout, "yes");
});

test("a command cannot notify systemd in our name, unless it gets the socket", async (context) => {
  process.env.NOTIFY_SOCKET = "/run/systemd/notify";
  context.after(() => void delete process.env.NOTIFY_SOCKET);
  const count = ["-c", "env | grep --count ^NOTIFY_SOCKET= || true"];
  assert.equal((await host.run("sh", count)).stdout, "0");
  assert.equal((await host.run("sh", count, { environment: { NOTIFY_SOCKET: "/x" } })).stdout, "1");
});

test("a shell never interprets arguments", async () => {
  assert.equal((await host.run("echo", ["$HOME; `id` > /dev/null", "a  b"])).stdout, "$HOME; `id` > /dev/null a  b");
});

test("a command that does not exist, or may not be run, is an error with its name", async (context) => {
  const path = join(temporaryFolder(context), "not-executable");
  writeFileSync(path, "#!/bin/sh\n");
  for (const command of ["eks-satellite-has-no-such-command", path])
    await assert.rejects(host.run(command, []), { code: "command-missing", message: new RegExp(command) });
});

test("a command that hangs is killed at its deadline", async () => {
  await assert.rejects(host.run("sleep", ["1000"], { timeoutSeconds: 0.1 }), {
    code: "command-timeout",
    message: "sleep 1000 did not end in 0.1 s",
  });
});

test("a child gets exactly its environment, writes to pipes, and ends with a code", async () => {
  const child = host.spawn("/bin/sh", ["-c", "env; echo oops >&2; exit 7"], { ONLY: "this" });
  const [stdout, stderr, exit] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), child.exited]);
  const names = Buffer.concat(stdout)
    .toString()
    .trim()
    .split("\n")
    .map((line) => line.split("=")[0]);
  assert.deepEqual(
    names.filter((name) => !["PWD", "SHLVL", "_"].includes(name ?? "")),
    ["ONLY"],
  );
  assert.equal(Buffer.concat(stderr).toString(), "oops\n");
  assert.deepEqual([exit.exitCode, exit.signal], [7, undefined]);
});

/** A signal that comes before the program has asked for it has its default effect. */
async function untilSaid({ stderr }: Child, word: string): Promise<void> {
  for await (const chunk of stderr) if (String(chunk).includes(word)) return;
}

test("a killed child reports the signal", async () => {
  const child = host.spawn(process.execPath, [FAKE_KUBELET, "ignore-sigterm"], { PATH: process.env.PATH ?? "" });
  await untilSaid(child, "ready");
  child.kill("SIGTERM");
  child.kill("SIGKILL");
  assert.deepEqual(await child.exited, { exitCode: undefined, signal: "SIGKILL" });
});

test("a child that cannot be started is an error", () => {
  assert.throws(() => host.spawn("/no/such/kubelet", [], {}), {
    code: "command-missing",
    message: /\/no\/such\/kubelet/,
  });
});

test("any process can be sent a signal, and false means that it is gone", async () => {
  const child = host.spawn("/bin/sleep", ["1000"], {});
  assert.ok((await readProcess(host, child.pid)) !== undefined);
  assert.equal(host.kill(child.pid, "SIGKILL"), true);
  await child.exited;
  assert.equal(host.kill(child.pid, "SIGTERM"), false);
});

test("files are listed, linked, moved and removed as they are", async (context) => {
  const folder = temporaryFolder(context);
  const { files } = host;
  await files.makeFolder(join(folder, "a/b"), 0o700);
  await files.makeFolder(join(folder, "a/b"), 0o700);
  await files.write(join(folder, "a/2"), "two", { mode: 0o600 });
  await files.write(join(folder, "a/1"), "one", { mode: 0o644 });
  symlinkSync("1", join(folder, "a/link"));
  assert.deepEqual(await files.list(join(folder, "a")), ["1", "2", "b", "link"]);
  assert.equal(await files.readLink(join(folder, "a/link")), "1");
  assert.equal(await files.readLink(join(folder, "a/1")), undefined);
  assert.equal(await files.read(join(folder, "a/link")), "one");
  assert.equal((await files.status(join(folder, "a/b")))?.kind, "folder");
  assert.equal((await files.status(join(folder, "a/b")))?.mode, 0o700);
  await files.move(join(folder, "a/1"), join(folder, "a/3"));
  await files.remove(join(folder, "a/2"));
  await files.remove(join(folder, "a/2"));
  assert.deepEqual(await files.list(join(folder, "a")), ["3", "b", "link"]);
  await files.setMode(join(folder, "a/3"), 0o600);
  assert.equal((await files.status(join(folder, "a/3")))?.mode, 0o600);
});

test("a file of /proc/sys is written in place", async (context) => {
  const path = join(temporaryFolder(context), "value");
  writeFileSync(path, "0\n");
  chmodSync(path, 0o644);
  await host.files.writeInPlace(path, "1");
  assert.equal(await host.files.read(path), "1");
  mkdirSync(`${path}.d`);
  await assert.rejects(host.files.writeInPlace(`${path}.d`, "1"), { code: "file-unwritable" });
});

test("a sleep ends with the signal", async () => {
  const stop = new AbortController();
  const sleep = host.clock.sleep(1_000_000, stop.signal);
  stop.abort();
  await assert.rejects(sleep);
});

test("the system is described with its addresses, without those of the loopback interface", async () => {
  const { cpuCount, memoryBytes, addresses, architecture, operatingSystem } = await host.systemInformation();
  assert.equal(operatingSystem, parseEnv(readFileSync("/etc/os-release", "utf8")).PRETTY_NAME);
  assert.ok(cpuCount >= 1 && memoryBytes > 2 ** 26);
  assert.equal(architecture, process.arch);
  assert.ok(addresses.every(({ address }) => !address.startsWith("127.") && address !== "::1"));
});

// Commands and children that hold pipes, leave children, flood, or cannot be started: none of them holds the daemon.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { readProcess } from "../../agent/facts/process.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";

const host = createLinuxHost();
const ENVIRONMENT = { PATH: process.env.PATH ?? "" };

async function secondsOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work.catch(() => undefined);
  return (performance.now() - startedAt) / 1000;
}

test("a grandchild that holds the output does not hold a command that has ended", async () => {
  const running = host.run("sh", ["-c", "sleep 20 & echo done"], { timeoutSeconds: 15 });
  assert.ok((await secondsOf(running)) < 4);
  assert.deepEqual(await running, { exitCode: 0, stdout: "done", stderr: "" });
});

test("a command reads what it is given, whole, and without anything its input is empty", async () => {
  const input = "x".repeat(300_000);
  assert.deepEqual(await host.run("wc", ["-c"], { input }), { exitCode: 0, stdout: "300000", stderr: "" });
  assert.deepEqual(await host.run("wc", ["-c"]), { exitCode: 0, stdout: "0", stderr: "" });
  assert.equal((await host.run("true", [], { input })).exitCode, 0, "a command that reads nothing");
});

test("nor does one in a session of its own", async () => {
  const running = host.run("sh", ["-c", "setsid sleep 20 & echo done; exit 3"], { timeoutSeconds: 15 });
  assert.ok((await secondsOf(running)) < 4);
  assert.deepEqual(await running, { exitCode: 3, stdout: "done", stderr: "" });
});

test("a command that is late is killed with its children, at its deadline", async () => {
  const command = ["-c", "sleep 20 | cat; true"];
  const running = host.run("sh", command, { timeoutSeconds: 0.5 });
  assert.ok((await secondsOf(running)) < 4);
  await assert.rejects(running, { code: "command-timeout", message: /did not end in 0\.5 s/ });
});

test("a late command whose grandchild escapes to a session of its own is given up at its deadline all the same", async () => {
  const running = host.run("sh", ["-c", "setsid sleep 20 & sleep 20"], { timeoutSeconds: 0.5 });
  assert.ok((await secondsOf(running)) < 4);
  await assert.rejects(running, { code: "command-timeout" });
});

test("a caller that gives up is not held by what a command leaves", async () => {
  const stop = new AbortController();
  const running = host.run("sh", ["-c", "setsid sleep 20 & sleep 20"], { timeoutSeconds: 20, signal: stop.signal });
  setTimeout(() => stop.abort(), 200);
  assert.ok((await secondsOf(running)) < 4);
});

test("output without end ends the command, and is no answer", async () => {
  await assert.rejects(host.run("sh", ["-c", "yes"], { timeoutSeconds: 20 }), {
    code: "command-output-too-large",
    message: /sh -c yes wrote more than 8 MiB/,
  });
});

test("a child has ended when its process has, though another process holds its output", async () => {
  const child = host.spawn("/bin/sh", ["-c", "setsid sleep 20 & exit 5"], ENVIRONMENT);
  const startedAt = performance.now();
  assert.deepEqual(await child.exited, { exitCode: 5, signal: undefined });
  assert.ok(performance.now() - startedAt < 3000);
});

test("what a child leaves in its process group ends with it", async () => {
  const child = host.spawn("/bin/sh", ["-c", 'sleep 20 & echo "$!"; exit 0'], ENVIRONMENT);
  const [pid] = await once(child.stdout, "data");
  await child.exited;
  while ((await readProcess(host, Number(pid))) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
});

test("a child that wraps a program is ended with it", async () => {
  const child = host.spawn("/bin/sh", ["-c", 'sleep 20 & echo "$!"; wait'], ENVIRONMENT);
  const [pid] = await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.equal((await child.exited).signal, "SIGTERM");
  while ((await readProcess(host, Number(pid))) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
});

test("where no process can be started, that is said, and not that the command is missing", {
  skip: process.getuid?.() === 0 ? false : "only root may give up its user",
}, async (context) => {
  // It may have no more processes than it has: as where a fork bomb leaves none.
  const script = `
    import { createLinuxHost } from ${JSON.stringify(new URL("../../agent/host/linux-host.ts", import.meta.url).href)};
    const { run, spawn } = createLinuxHost();
    await run("prlimit", ["--pid=" + process.pid, "--nproc=1:1"]);
    const errors = [await run("true", []).catch((error) => error)];
    try { spawn("/bin/true", [], {}); } catch (error) { errors.push(error); }
    console.log(JSON.stringify(errors.map(({ code, hint }) => [code, hint])));`;
  const as = ["--reuid=64999", "--clear-groups", process.execPath, "--input-type=module", "--eval", script];
  const { stdout, stderr } = await host.run("setpriv", as);
  if (/EACCES/.test(stderr)) return context.skip("another user may not read these sources");
  const [run, spawned] = JSON.parse(stdout);
  assert.equal(run[0], "command-not-started");
  assert.match(run[1], /no room for more processes/);
  assert.equal(spawned[0], "command-not-started");
});

test("a helper is as likely to be killed for want of memory as any process, though the daemon is not", async (context) => {
  const script = `
    import { createLinuxHost } from ${JSON.stringify(new URL("../../agent/host/linux-host.ts", import.meta.url).href)};
    const { stdout } = await createLinuxHost().run("sh", ["-c", "sleep 0.2; cat /proc/self/oom_score_adj"]);
    console.log(stdout);`;
  const spared = ["-n", "-500", "--", process.execPath, "--input-type=module", "--eval", script];
  const { stdout, stderr } = await host.run("choom", spared);
  if (/Permission denied/.test(stderr)) return context.skip("this machine lets no process lower a score");
  assert.equal(stdout, "0", stderr);
});

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import type { RunResult } from "../../agent/host/host.ts";
import { GuardedCommand, type StuckCall } from "../../agent/nvidia/guarded-command.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const explainStuck = (call: StuckCall) => new SatelliteError("stuck", JSON.stringify(call));

function setUp(_context?: TestContext) {
  const host = new MemoryHost();
  const command = new GuardedCommand({ host, name: "nvidia-smi", explainStuck });
  const run = () => command.run("nvidia-smi", ["--query"], 20);
  return { host, command, run };
}

/** A process of another program's, as /proc shows it. */
function startOther(host: MemoryHost, state: string, seconds: number): number {
  const { pid } = host.processes.start({ name: "nvidia-smi" });
  const path = `/proc/${pid}/stat`;
  host.files.put("/proc/uptime", "5000.00 9000.00\n");
  const fields = [state, "1", ...Array.from({ length: 17 }, () => "0"), String((5000 - seconds) * 100), "0"];
  host.files.put(path, `${pid} (nvidia-smi) ${fields.join(" ")}\n`);
  return pid;
}

test("a call in time is answered", async () => {
  const { host, command, run } = setUp();
  host.install("nvidia-smi", () => ({ stdout: "fine" }));
  assert.equal((await run()).stdout, "fine");
  assert.equal(await command.findStuck(), undefined);
});

test("a call that cannot be killed is not waited for, and no other is started until it ends", async () => {
  const { host, command, run } = setUp();
  const ending = Promise.withResolvers<Partial<RunResult>>();
  host.install("nvidia-smi", () => ending.promise);
  host.unkillable.add("nvidia-smi");
  const first = assert.rejects(run(), { code: "stuck" });
  await host.clock.advance(22_000);
  await first;
  for (let round = 0; round < 10; round += 1) {
    host.clock.jump(30_000);
    await assert.rejects(run(), { code: "stuck" });
  }
  assert.equal(host.commands.length, 1);
  assert.match(
    (await command.findStuck())?.message ?? "",
    /"seconds":322,"args":\["--query"\]|"args":\["--query"\],"seconds":322/,
  );
  ending.resolve({ exitCode: 137 });
  await settle();
  assert.equal(await command.findStuck(), undefined);
  host.install("nvidia-smi", () => ({}));
  await run();
  assert.equal(host.commands.length, 2);
});

test("a process that hangs since before the daemon's start is seen, and none is started beside it", async () => {
  const { host, command } = setUp();
  startOther(host, "D", 300);
  await assert.rejects(command.refuseBesideOthers(), { code: "stuck", message: /"seconds":300/ });
});

test("a process that runs, or waits for a moment only, is no reason", async () => {
  const { host, command } = setUp();
  startOther(host, "S", 300);
  startOther(host, "D", 5);
  await command.refuseBesideOthers();
});

test("a call that was given up, and whose process waits in the kernel, is stuck until that process has ended", async () => {
  const { host, command, run } = setUp();
  host.install("nvidia-smi", () => {
    throw new SatelliteError("command-timeout", "nvidia-smi did not end in 20 s");
  });
  await assert.rejects(run(), { code: "command-timeout" }, "it was killed");
  const pid = startOther(host, "D", 22);
  await assert.rejects(run(), { code: "stuck", message: new RegExp(`"pid":${pid},"seconds":22`) });
  const started = host.commands.length;
  for (let round = 0; round < 5; round += 1) await assert.rejects(run(), { code: "stuck" });
  assert.equal(host.commands.length, started, "none is started beside it");
  host.processes.kill(pid, "SIGKILL");
  host.install("nvidia-smi", () => ({ stdout: "fine" }));
  assert.equal((await run()).stdout, "fine");
  assert.equal(await command.findStuck(), undefined);
});

test("a process of another start that got the number of the stuck one is not it", async () => {
  const { host, run } = setUp();
  host.install("nvidia-smi", () => {
    throw new SatelliteError("command-timeout", "nvidia-smi did not end in 20 s");
  });
  const pid = startOther(host, "D", 22);
  await assert.rejects(run(), { code: "stuck" });
  const path = `/proc/${pid}/stat`;
  host.files.put(path, (host.files.peek(path)?.content ?? "").replace("497800", "499900"));
  host.install("nvidia-smi", () => ({ stdout: "fine" }));
  assert.equal((await run()).stdout, "fine");
});

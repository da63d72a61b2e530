// What nvidia-smi answers in place of values, and what its calls come to when they hang.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import type { Host, RunResult } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { NvidiaSmi } from "../../agent/nvidia/nvidia-smi.ts";
import { becomeGpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";
import { DRIVER, setUpSmi as setUp } from "../fakes/gpu-smi.ts";
import { settle } from "../fakes/memory-clock.ts";

test("a call that cannot be killed is reported with its age and blocks others until it ends", async () => {
  const { host, smi } = setUp("smi-hangs");
  const ending = Promise.withResolvers<Partial<RunResult>>();
  host.install("nvidia-smi", () => ending.promise);
  const callAws = smi.query(DRIVER);
  await host.clock.advance(22_000);
  assert.equal((await callAws).problem?.code, "nvidia-smi-stuck");
  host.clock.jump(300_000);
  const again = await smi.query(DRIVER);
  assert.match(again.problem?.message ?? "", /hangs in the kernel for 322 s/);
  assert.equal(host.commands.length, 1);
  becomeGpuMachine(host, readGpuMachine("a10"));
  ending.resolve({ exitCode: 137 });
  await settle();
  assert.deepEqual([(await smi.query(DRIVER)).gpus.length, host.commands.length > 1], [1, true]);
});

test("a call that is killed in time is a time-out, and one that is missing says what to install", async () => {
  const { host, smi } = setUp("a10");
  host.install("nvidia-smi", () => {
    throw new SatelliteError("command-timeout", "nvidia-smi did not end in 20 s");
  });
  assert.equal((await smi.query(DRIVER)).problem?.code, "nvidia-smi-timeout");
  host.uninstall("nvidia-smi");
  host.clock.jump(30_000);
  const { problem } = await smi.query(DRIVER);
  assert.deepEqual([problem?.code, /apt-get install/.test(problem?.hint ?? "")], ["nvidia-smi-missing", true]);
});

test("a real program that hangs and ignores SIGTERM is killed in time", async () => {
  const real = createLinuxHost();
  const run: Host["run"] = (_command, _args, options) =>
    real.run("/bin/sh", ["-c", "trap '' TERM; exec sleep 60"], options);
  const startedMs = performance.now();
  const { problem } = await new NvidiaSmi({ host: { ...real, run }, timeoutSeconds: 1 }).query(DRIVER);
  assert.equal(problem?.code, "nvidia-smi-timeout");
  assert.ok(performance.now() - startedMs < 3000);
});

const EXITS: readonly (readonly [exitCode: number, said: string, code: string])[] = [
  [9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "gpu-driver-not-loaded"],
  [12, "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", "gpu-library-missing"],
  [8, "", "gpu-power-cable"],
  [10, "", "gpu-interrupt-lost"],
  [0, "WARNING: infoROM is corrupted at gpu 0000:06:00.0", "gpu-inforom-corrupt"],
  [14, "WARNING: infoROM is corrupted at gpu 0000:06:00.0", "gpu-inforom-corrupt"],
  [15, "", "gpu-fell-off-bus"],
  [255, "Unable to determine the device handle for GPU0: 0000:06:00.0: GPU is lost.", "gpu-fell-off-bus"],
  [255, "Unable to determine the device handle for GPU0000:06:00.0: Unknown Error", "gpu-unreachable"],
  [18, "Failed to initialize NVML: Driver/library version mismatch", "gpu-driver-mismatch"],
  [3, "Insufficient Permissions", "nvidia-smi-failed"],
];

for (const [exitCode, stdout, code] of EXITS) {
  test(`exit code ${exitCode} (${stdout.slice(0, 40)}) is ${code}, with the message`, async () => {
    const { problem } = await setUp("a10", { rows: [], exitCode, stdout }).ask();
    assert.equal(problem?.code, code);
    assert.match(problem?.message ?? "", new RegExp(`exits with ${exitCode}`));
  });
}

test("a GPU that cannot be opened is named by its address, in the spelling of every version", async () => {
  for (const name of ["GPU 0000:3A:00.0", "GPU0: 0000:3A:00.0", "GPU0000:3A:00.0", "GPU 00000000:3A:00.0"]) {
    const stderr = `Unable to determine the device handle for ${name}: Unknown Error\n`;
    const { unreachable } = await setUp("a10", { rows: [], exitCode: 255, stderr }).ask();
    assert.deepEqual(unreachable, ["0000:3a:00.0"], name);
  }
});

test("an nvidia-smi that an earlier run left in the kernel is reported with its process, and none is started beside it", async () => {
  const { host, ask } = setUp("a10");
  const { pid } = host.processes.start({ name: "nvidia-smi" });
  const fields = ["D", "1", ...Array.from({ length: 17 }, () => "0"), "470000", "0"];
  host.files.put(`/proc/${pid}/stat`, `${pid} (nvidia-smi) ${fields.join(" ")}\n`);
  host.files.put("/proc/uptime", "5000.00 9000.00\n");
  const { problem } = await ask();
  assert.equal(problem?.code, "nvidia-smi-stuck");
  assert.match(problem?.message ?? "", new RegExp(`process ${pid}\\) hangs in the kernel for 300 s`));
  assert.deepEqual(host.commands, []);
  host.processes.kill(pid, "SIGKILL");
  host.clock.jump(30_000);
  assert.equal((await ask()).gpus.length, 1);
});

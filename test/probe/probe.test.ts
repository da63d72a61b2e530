// scripts/gpu-probe, on machines that are in memory, and as a program on one without a card.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { readObservation } from "../../agent/check/gpu-check.ts";
import { type Entry, replaceNames } from "../../scripts/probe/names.ts";
import { packProgram } from "../../scripts/probe/pack.ts";
import { probe } from "../../scripts/probe/probe.ts";
import { answer, becomeGpuMachine, type GpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const run = promisify(execFile);

function become(name: string, changes: Partial<GpuMachine> = {}): MemoryHost {
  const host = new MemoryHost();
  becomeGpuMachine(host, { ...readGpuMachine(name), ...changes });
  return host;
}

const textOf = (entries: readonly Entry[], path: string) => entries.find((entry) => entry.path === path)?.text ?? "";

for (const name of ["a10", "h100-nvswitch-8", "v100-retired-pages", "requires-reset", "values-unreadable"]) {
  test(`${name}: the draft that a probe makes is that machine again`, async () => {
    const host = become(name);
    const draft = JSON.parse(textOf(await probe(host), "fixture.json")) as GpuMachine;
    const again = new MemoryHost();
    becomeGpuMachine(again, { ...draft, processes: readGpuMachine(name).processes ?? [] });
    const [one, other] = [await readObservation(host), await readObservation(again)];
    assert.deepEqual(other.answer?.gpus, one.answer?.gpus);
    assert.deepEqual(other.facts, one.facts);
    assert.deepEqual(other.xids, one.xids);
  });
}

test("what the program makes of the machine lies beside the raw answers", async () => {
  const entries = await probe(become("a10"));
  assert.match(
    textOf(entries, "answers/core.txt"),
    /^\$ nvidia-smi --query-gpu=.*\nexit 0 after .*\n--- stdout\n0, GPU-/,
  );
  assert.match(textOf(entries, "judged/checks.json"), /1 × NVIDIA A10, driver 550\.54\.15, no fault/);
  assert.match(textOf(entries, "files/proc/driver/nvidia/version"), /550\.54\.15/);
  assert.match(textOf(entries, "files/dev.txt"), /^\/dev\/nvidia0$/m);
  assert.match(textOf(entries, "summary.md"), /\| core \| exit 0 \|/);
});

test("of the kernel's log only the lines of NVIDIA's drivers are kept", async () => {
  const kernelLog = ["<6>[ 1.0] audit: a user's secret", "<4>[ 2.000001] NVRM: Xid (PCI:0000:06:00): 31, pid=7"];
  const entries = await probe(become("a10", { kernelLog }));
  assert.doesNotMatch(entries.map(({ text }) => text).join(""), /secret/);
  assert.match(textOf(entries, "answers/dmesg-raw.txt"), /Xid \(PCI:0000:06:00\): 31/);
});

/** Lets time pass until the probe has ended, for the five minutes that it may take at most. */
async function untilEnded<T>(host: MemoryHost, probing: Promise<T>): Promise<T> {
  let isOver = false;
  const ended = probing.finally(() => {
    isOver = true;
  });
  for (let seconds = 0; seconds < 300 && !isOver; seconds += 5) await host.clock.advance(5000);
  assert.ok(isOver, `it has not ended after 300 s; it ran: ${host.commands.join("; ")}`);
  return ended;
}

test("an nvidia-smi that hangs is asked once, and the probe goes on and ends in time", async () => {
  const host = become("smi-hangs");
  const entries = await untilEnded(host, probe(host));
  assert.equal(host.commands.filter((command) => command.startsWith("nvidia-smi")).length, 1);
  assert.match(textOf(entries, "answers/query.txt"), /no answer: an earlier call hangs in the kernel/);
  assert.match(textOf(entries, "answers/dmesg-raw.txt"), /exit 0/);
});

test("a driver that hangs in a read does not keep the probe from ending", async () => {
  const host = become("a10");
  const read = host.files.read.bind(host.files);
  host.files.read = (path) => (path.endsWith("/information") ? new Promise(() => undefined) : read(path));
  const entries = await untilEnded(host, probe(host));
  assert.match(textOf(entries, "judged/observation.json"), /gpu-driver-stuck/);
  assert.match(textOf(entries, "files/proc/driver/nvidia/version"), /550/);
  assert.match(textOf(entries, "answers/core.txt"), /exit 0/);
});

test("UUIDs, numbers of devices and the host's name are replaced, each by the same one everywhere", () => {
  const uuid = "12345678-abcd-4abc-8abc-123456789abc";
  const replaced = replaceNames(
    [
      { path: "a", text: `GPU UUID: \t GPU-${uuid}\n    Serial Number                         : 1325520012345\n` },
      {
        path: "b",
        text: `GPU-${uuid.toUpperCase()}, 1325520012345, MIG-${uuid}, on gpu-box-7.\nGPU serial number is 1325520012345.\n`,
      },
      { path: "c", text: "    Serial Number : N/A\n    GPU Fabric GUID : 0x0000000000000000\n" },
    ],
    "gpu-box-7",
  );
  const [a = "", b = "", c = ""] = replaced.map(({ text }) => text);
  const other = "5c1b0000-0000-4000-8000-000000000001";
  assert.equal(a, `GPU UUID: \t GPU-${other}\n    Serial Number                         : NUMBER-2\n`);
  assert.equal(b, `GPU-${other}, NUMBER-2, MIG-${other}, on HOST.\nGPU serial number is NUMBER-2.\n`);
  assert.equal(c, "    Serial Number : N/A\n    GPU Fabric GUID : 0x0000000000000000\n");
});

async function makeFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gpu-probe-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("the packed program needs Node alone: without a card, and with a stand-in of nvidia-smi", async (context) => {
  const folder = await makeFolder(context);
  await packProgram(folder);
  const probeInto = (out: string, path: string) =>
    run(process.execPath, [join(folder, "gpu-probe.mjs"), join(folder, out)], { cwd: "/", env: { PATH: path } });
  await probeInto("none", "/usr/bin:/bin");
  const none = JSON.parse(await readFile(join(folder, "none/judged/observation.json"), "utf8")) as {
    observation: { facts: { busIds: readonly string[] } };
  };
  assert.deepEqual(none.observation.facts.busIds, []);
  assert.ok((await readdir(join(folder, "none/answers"))).includes("core.txt"));

  const { nvidiaSmi } = readGpuMachine("a10");
  const standIn = `#!${process.execPath}\nconst answer = ${answer.toString()};\nconst { exitCode = 0, stdout = "", stderr = "" } = answer(${JSON.stringify(nvidiaSmi)}, process.argv.slice(2));\nprocess.stdout.write(stdout); process.stderr.write(stderr); process.exitCode = exitCode;\n`;
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin/nvidia-smi"), standIn);
  await chmod(join(folder, "bin/nvidia-smi"), 0o755);
  await probeInto("stand-in", `${join(folder, "bin")}:/usr/bin:/bin`);
  assert.match(await readFile(join(folder, "stand-in/answers/core.txt"), "utf8"), /0, GPU-5c1b0000-.*, NVIDIA A10/);
  const draft = JSON.parse(await readFile(join(folder, "stand-in/fixture.json"), "utf8")) as GpuMachine;
  assert.equal(draft.nvidiaSmi.rows[0]?.["temperature.gpu"], "31");
});

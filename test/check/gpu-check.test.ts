import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";
import { becomeGpuMachine, GPU_MACHINES, readGpuMachine } from "../fakes/gpu-machine.ts";

async function findOn(name: string, more = "") {
  const { host, find } = setUpCheck();
  becomeGpuMachine(host, readGpuMachine(name));
  if (more !== "") {
    const path = "/etc/eks-satellite/config.yaml";
    host.files.put(path, `${host.files.peek(path)?.content}${more}\n`);
  }
  return find("gpu");
}

/** A missing driver, and a fault that asks for no repair, are warnings unless GPUs are required. */
function expectedOutcome(name: string): string {
  const { conditions, action } = readGpuMachine(name).expected;
  const [failing] = Object.entries(conditions).find(([, status]) => status.startsWith("False ")) ?? [];
  if (failing === undefined) return "ok";
  return ["GpuDriver", "GpuHealthy"].includes(failing) && action === "none" ? "warn" : "fail";
}

for (const name of GPU_MACHINES.filter((each) => readGpuMachine(each).nvidiaSmi.stuck !== true)) {
  test(`${name}: the check agrees with the daemon's conditions`, async () => {
    const finding = await findOn(name);
    assert.equal(finding.outcome, expectedOutcome(name), JSON.stringify(finding));
    if (finding.outcome !== "ok") assert.match(finding.remedy ?? "", /./);
  });
}

test("a missing driver is a failure where GPUs are required", async () => {
  assert.equal((await findOn("driver-missing", "gpu: { mode: required }")).outcome, "fail");
});

test("with gpu.mode off no GPU is judged", async () => {
  assert.deepEqual((await findOn("h100-off-the-bus", "gpu: { mode: off }")).evidence, "gpu.mode is off");
});

/** A sound A10, of which some cells are others. */
async function findWith(cells: Readonly<Record<string, string>>) {
  const { host, find } = setUpCheck();
  const machine = readGpuMachine("a10");
  const rows = machine.nvidiaSmi.rows.map((row) => ({ ...row, ...cells }));
  becomeGpuMachine(host, { ...machine, nvidiaSmi: { ...machine.nvidiaSmi, rows } });
  return find("gpu");
}

test("what is no fault, and still not as it should be, is a warning with what to do", async () => {
  const weaknesses: readonly (readonly [cells: Readonly<Record<string, string>>, words: RegExp])[] = [
    [{ persistence_mode: "0" }, /persistence mode is off/],
    [{ "mig.mode.current": "Disabled", "mig.mode.pending": "Enabled" }, /another MIG or ECC mode waits/],
    [{ "ecc.mode.current": "1", "ecc.mode.pending": "0" }, /another MIG or ECC mode waits/],
    [{ "pcie.link.width.current": "8", "pcie.link.width.max": "16" }, /fewer lanes of PCIe/],
  ];
  for (const [cells, words] of weaknesses) {
    const { outcome, evidence } = await findWith(cells);
    assert.equal(outcome, "warn");
    assert.match(evidence ?? "", words);
    assert.match(evidence ?? "", /0000:06:00\.0/);
  }
  assert.equal((await findWith({ "pcie.link.width.current": "16", "pcie.link.width.max": "16" })).outcome, "ok");
});

test("a kernel's log that root cannot read is a warning; for another user it is not the GPU's matter", async () => {
  for (const [userId, outcome] of [
    [0, "warn"],
    [1000, "ok"],
  ] as const) {
    const { host, find } = setUpCheck();
    becomeGpuMachine(host, readGpuMachine("a10"));
    host.userId = userId;
    host.install("dmesg", () => ({ exitCode: 1, stderr: "dmesg: read kernel buffer failed: Operation not permitted" }));
    assert.equal((await find("gpu")).outcome, outcome);
  }
});

test("a driver that hangs is a failure, be GPUs required or not", async () => {
  const { host, find } = setUpCheck();
  becomeGpuMachine(host, readGpuMachine("a10"));
  const read = host.files.read.bind(host.files);
  host.files.read = (path) => (path.endsWith("/information") ? new Promise(() => undefined) : read(path));
  const finding = find("gpu");
  await host.clock.advance(4000);
  const { outcome, remedy, evidence } = await finding;
  assert.equal(outcome, "fail");
  assert.match(evidence ?? "", /driver hangs/);
  assert.match(remedy ?? "", /systemctl reboot/);
});

test("an Xid that gpu.xids ignores is no fault for the check either", async () => {
  const { host, find } = setUpCheck();
  const machine = readGpuMachine("a10");
  becomeGpuMachine(host, {
    ...machine,
    kernelLog: ["<3>[ 81.771024] NVRM: Xid (PCI:0000:06:00): 119, pid=1, Timeout"],
  });
  assert.equal((await find("gpu")).outcome, "fail");
  const path = "/etc/eks-satellite/config.yaml";
  host.files.put(path, `${host.files.peek(path)?.content}\ngpu: { xids: { 119: ignore } }\n`);
  assert.equal((await find("gpu")).outcome, "ok");
});

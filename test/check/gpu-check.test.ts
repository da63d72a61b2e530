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
  return failing === "GpuDriver" || (failing === "GpuHealthy" && action === "none") ? "warn" : "fail";
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

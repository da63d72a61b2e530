import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";

test("the hardware is shown in one line, and nothing is judged", async () => {
  const { find } = setUpCheck();
  const { outcome, evidence } = await find("hardware");
  assert.deepEqual(
    [outcome, evidence],
    ["ok", "QEMU Standard PC (virtual); EPYC, 30 threads; 1 memory modules of 16 GiB; 1 disks of 500 GB"],
  );
});

test("a part that cannot be read is named beside the others; where nothing can, it is unknown", async () => {
  const { host, find } = setUpCheck();
  const whole = host.installed("/bin/node");
  host.install("/bin/node", (args) =>
    args.at(-1) === "disks" ? { exitCode: 1, stderr: "boom" } : (whole?.(args) ?? {}),
  );
  const partly = await find("hardware");
  assert.deepEqual(
    [partly.outcome, partly.evidence.endsWith("; not known: disks (the reader exited with 1: boom)")],
    ["ok", true],
  );
  host.uninstall("/bin/node");
  const { outcome, remedy } = await find("hardware");
  assert.deepEqual([outcome, remedy], ["unknown", "sudo eks-satellite inventory."]);
});

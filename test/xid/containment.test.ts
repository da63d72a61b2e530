// A memory error that the driver contained may still need a reset: its line says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKernelLine } from "../../agent/xid/xid.ts";

const actionOf = (rest: string) => {
  const parsed = parseKernelLine(`<4>[ 10.000001] NVRM: Xid (PCI:0000:01:00 GPU-I:05): ${rest}`);
  return parsed?.kind === "xid" ? parsed.action : undefined;
};

test("a contained error is the application's to get over, unless its line asks for a reset", () => {
  assert.equal(actionOf("94, pid=7194, name=a, Contained: CE User Channel (0x9). RST: No, D-RST: No"), "check-the-app");
  assert.equal(
    actionOf("94, pid=7194, name=a, Contained: DRAM (0x1, 0x0). physAddr: 0x1 RST: No, D-RST: Yes"),
    "check-the-app",
  );
  assert.equal(actionOf("94, pid=7194, name=a, Contained: LTC TAG (0x2, 0x1). RST: Yes, D-RST: No"), "reset-the-gpu");
  assert.equal(actionOf("95, pid=7062, Uncontained: LTC TAG (0x2, 0x1). RST: Yes, D-RST: No"), "reset-the-gpu");
});

test("a process cannot ask for it by its name", () => {
  assert.equal(actionOf("94, pid=7, name=RST: Yes, Contained: CE (0x9). RST: No, D-RST: No"), "check-the-app");
});

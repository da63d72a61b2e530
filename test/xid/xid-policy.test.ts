// An administrator's word on an Xid: it changes what its line asks for, and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type KernelGpuLine, parseKernelLine } from "../../agent/xid/xid.ts";
import { applyPolicy } from "../../agent/xid/xid-policy.ts";

const xid79 = parseKernelLine(
  "<3>[ 81.771024] NVRM: Xid (PCI:0000:06:00): 79, GPU has fallen off the bus.",
) as KernelGpuLine;

test("an Xid that is named asks for nothing; another one, and what is no Xid, stay as they are", () => {
  assert.deepEqual(applyPolicy(xid79, { 79: "ignore" }), { ...xid79, action: "none" });
  assert.deepEqual(applyPolicy(xid79, { 79: "warn" }), { ...xid79, action: "none" });
  assert.equal(applyPolicy(xid79, { 94: "ignore" }), xid79);
  const loaded = { kind: "driver-loaded", atSeconds: 1 } as const;
  assert.equal(applyPolicy(loaded, { 79: "ignore" }), loaded);
});

test("an SXid of the same number is another thing", () => {
  const sxid = { ...xid79, isSwitch: true } as KernelGpuLine;
  assert.equal(applyPolicy(sxid, { 79: "ignore" }), sxid);
});

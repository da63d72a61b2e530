import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { GpuAction } from "../../agent/xid/gpu-action.ts";
import { parseKernelLine } from "../../agent/xid/xid.ts";
import { explainQuietXid, XIDS } from "../../agent/xid/xid-catalogue.ts";

/** NVIDIA's own list: numbers and actions. */
const LISTED = readFileSync(new URL("../fixtures/xids.csv", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => /^\d/.test(line))
  .map((line) => line.split(","))
  .map(([xid, action = ""]) => ({ xid: Number(xid), action }));

const TRANSLATED: Readonly<Record<string, readonly GpuAction[]>> = {
  RESTART_APP: ["check-the-app"],
  IGNORE: ["none"],
  none: ["none"],
  RESET_GPU: ["reset-the-gpu"],
  RESTART_BM: ["reboot"],
  RESTART_VM: ["reboot"],
  CHECK_MECHANICALS: ["replace"],
  CHECK_UVM: ["none"],
  UPDATE_SWFW: ["none"],
  XID_154: ["none"],
  CONTACT_SUPPORT: ["none"],
  WORKFLOW_XID_48: ["reset-the-gpu"],
  WORKFLOW_NVLINK_ERR: ["reset-the-gpu"],
  WORKFLOW_NVLINK5_ERR: ["reset-the-gpu"],
  WORKFLOW_XID_45: ["check-the-app"],
};
/** The application is the one that felt these, though NVIDIA's action is to ignore them or to ask its support. */
const APPLICATIONS: readonly number[] = [37, 43, 44, 141, 142, 174];

const actionOf = (xid: number) => {
  const line = parseKernelLine(`<3>[ 10.000001] NVRM: Xid (PCI:0000:06:00): ${xid}, pid=7, name=a`);
  return line?.kind === "xid" ? line.action : undefined;
};

test("every number that NVIDIA's drivers log has its meaning and its action", () => {
  assert.equal(LISTED.length, 176);
  for (const { xid, action } of LISTED) {
    const entry = XIDS[xid];
    const wanted = APPLICATIONS.includes(xid) ? ["check-the-app"] : TRANSLATED[action];
    assert.ok(entry !== undefined && wanted?.includes(entry.action), `Xid ${xid}: ${entry?.action}, not ${action}`);
    assert.ok(entry.meaning.length > 10, `Xid ${xid}`);
  }
});

test("a line of the kernel's log asks for the action of the catalogue", () => {
  for (const [xid, { action }] of Object.entries(XIDS))
    if (xid !== "154") assert.equal(actionOf(Number(xid)), action, xid);
});

test("an Xid that the catalogue does not have is no fault of the GPU, and is not called anything that it may not be", () => {
  assert.equal(actionOf(999), "check-the-app");
  assert.match(explainQuietXid(999, "check-the-app"), /did not have this Xid/);
});

test("an event of the hardware is not called an application's fault", () => {
  const says = (xid: number) => explainQuietXid(xid, XIDS[xid]?.action ?? "none");
  for (const xid of [63, 92, 93, 94, 121, 137, 157, 160, 161, 162, 171, 176]) {
    assert.doesNotMatch(says(xid), /application's fault/, String(xid));
    assert.notEqual(actionOf(xid), "reset-the-gpu");
  }
  assert.match(says(63), /next reset replaces it: the GPU needs nothing now/);
  assert.match(says(94), /restart that application/);
  assert.match(says(167), /Xid 154 follows/);
  assert.match(says(5), /no meaning for this Xid/);
  assert.match(explainQuietXid(149, "none"), /NETIR, and this event needs nothing/);
  for (const xid of [13, 31, 43, 45]) assert.equal(says(xid), "an application's fault, not the GPU's");
});

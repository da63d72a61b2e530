import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKernelLine } from "../../agent/xid/xid.ts";
import { GPU_XIDS } from "../../agent/xid/xid-catalogue.ts";

const actionOf = (xid: number) => {
  const line = parseKernelLine(`<3>[ 10.000001] NVRM: Xid (PCI:0000:06:00): ${xid}, pid=7, name=a`);
  return line?.kind === "xid" ? line.action : undefined;
};

test("a line of the kernel's log asks for the action of the catalogue", () => {
  for (const [xid, { action, meaning }] of Object.entries(GPU_XIDS)) {
    assert.equal(actionOf(Number(xid)), action, xid);
    assert.ok(meaning.length > 10, xid);
  }
});

test("an Xid that the catalogue does not have is the application's", () => {
  for (const xid of [13, 31, 43, 45, 63, 94, 999]) assert.equal(actionOf(xid), "check-the-app");
});

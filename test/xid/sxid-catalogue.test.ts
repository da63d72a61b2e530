// NVSwitches report through SXids, in lines of their own driver.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKernelLine } from "../../agent/xid/xid.ts";
import { XidRecord } from "../../agent/xid/xid-record.ts";

const line = (words: string, seconds = 10) => `<4>[ ${seconds}.000001] ${words}`;
const read = (words: string) => {
  const parsed = parseKernelLine(line(words));
  return parsed?.kind === "xid" ? [parsed.busId, parsed.xid, parsed.action, parsed.isSwitch] : undefined;
};
const SWITCH = "nvidia-nvswitch0: SXid (PCI:0000:c1:00.0):";

test("a fatal SXid is a fault of the switch, by its address", () => {
  assert.deepEqual(read(`${SWITCH} 20034, Fatal, Link 30 LTSSM Fault Up`), ["0000:c1:00.0", 20_034, "reboot", true]);
  assert.deepEqual(read(`${SWITCH} 20034, FATAL, Link 30 LTSSM Fault Up (First)`)?.at(2), "reboot");
});

test("an SXid that is not fatal, or corrected, is no fault", () => {
  for (const words of [
    "12028, Non-fatal, Link 32 egress non-posted PRIV error (First)",
    "12028, Nonfatal, Link 32 egress",
    "11012, Correctable, Link 3 ingress ECC",
    "28006, Module 2 failed",
    "22003, Non-fatal, Link 1: the line's word comes before the number's",
  ])
    assert.deepEqual(read(`${SWITCH} ${words}`)?.at(2), "none", words);
});

test("without a word the numbers that NVIDIA calls always fatal are fatal", () => {
  for (const sxid of ["12020", "22003", "22011", "23001", "23017", "10003"])
    assert.deepEqual(read(`${SWITCH} ${sxid}, something`)?.at(2), "reboot", sxid);
});

test("addresses of other spellings are understood", () => {
  for (const address of ["PCI:0000:c1:00", "0000:c1:00.0", "PCI:00000000:C1:00.0", "c1:00.0"])
    assert.equal(read(`nvidia-nvswitch11: SXid (${address}): 20034, Fatal, Link 1`)?.at(0), "0000:c1:00.0");
});

test("the details that follow a fatal SXid with its number do not end the fault", () => {
  const record = new XidRecord();
  const lines = ["20034, Fatal, Link 30 LTSSM Fault Up", "20034, Severity 1 Engine instance 30", "20034, Data {0x0}"];
  for (const [index, words] of lines.entries()) {
    const parsed = parseKernelLine(line(`${SWITCH} ${words}`, 10 + index));
    if (parsed !== undefined) record.take(parsed);
  }
  const [found] = record.list();
  assert.deepEqual([found?.isStanding, found?.action, found?.isSwitch], [true, "reboot", true]);
});

test("a GPU's Xid and a switch's SXid of the same number are two", () => {
  const record = new XidRecord();
  for (const words of [`${SWITCH} 20034, Fatal, a`, "NVRM: Xid (PCI:0000:c1:00): 20034, b"]) {
    const parsed = parseKernelLine(line(words));
    if (parsed !== undefined) record.take(parsed);
  }
  assert.equal(record.list().length, 2);
});

test("a driver that puts the GPU driver's word before its own is understood", () => {
  assert.deepEqual(read(`NVRM: ${SWITCH} 20034, Fatal, Link 30`)?.slice(0, 3), ["0000:c1:00.0", 20_034, "reboot"]);
});

test("only the driver's own lines count", () => {
  for (const words of ["audit: nvidia-nvswitch0: SXid (PCI:0000:c1:00.0): 20034, Fatal", "SXid (PCI:0000:c1:00.0)"])
    assert.equal(read(words), undefined);
});

// NVLink's Xids since Blackwell carry a severity of their own, which decides: one number stands for harmless and for fatal events.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKernelLine } from "../../agent/xid/xid.ts";
import { XidRecord } from "../../agent/xid/xid-record.ts";

const WORDS = "(0x00086226 0x00000001 0x00000000 0x00000000 0x00000000 0x00000000)";
const line = (rest: string, seconds = 10) => `<4>[ ${seconds}.000001] NVRM: Xid (PCI:0018:01:00): ${rest}`;
const actionOf = (rest: string) => {
  const parsed = parseKernelLine(line(rest));
  return parsed?.kind === "xid" ? parsed.action : parsed?.kind;
};

test("an event that is not fatal is no fault, however the word is written", () => {
  for (const word of ["Nonfatal", "Non-fatal", "NON-FATAL", "  Nonfatal  "])
    assert.equal(actionOf(`149, NETIR_BER_EVENT ${word} XC0 i0 Link 03 ${WORDS}`), "none", word);
  assert.equal(actionOf(`145, pid=4242, name=trainer, RLW_RXPIPE Nonfatal XC0 i0 Link 12 ${WORDS}`), "none");
  assert.equal(actionOf(`147, TREX Nonfatal XC1 i0 Link -1 ${WORDS}`), "none");
});

test("a fatal event needs a reset, with any number of blanks around the word", () => {
  for (const word of ["Fatal", "  Fatal  ", "FATAL", "Link Fatal"])
    assert.equal(actionOf(`149, NETIR_LINK_EVT ${word} XC0 i0 Link 08 (0x004505c6 0x0)`), "reset-the-gpu", word);
  assert.equal(actionOf(`150, MSE_WATCHDOG Fatal XC0 i0 Link -1 ${WORDS}`), "reset-the-gpu");
});

test("without a severity the number decides", () => {
  assert.equal(actionOf("149, NVLINK: NETIR Error"), "reset-the-gpu");
  assert.equal(actionOf("74, Nonfatal XC0"), "reset-the-gpu", "this number has no severity words");
});

test("a process cannot make a fatal event harmless by its name", () => {
  for (const name of ["Nonfatal", "a, X Nonfatal XC0", "Non-fatal XC0"])
    assert.equal(actionOf(`149, pid=7, name=${name}, NETIR_LINK_EVT Fatal XC0 i0 Link 08 ${WORDS}`), "reset-the-gpu");
  assert.equal(actionOf(`149, pid=7, name=Fatal, NETIR_BER_EVENT Nonfatal XC0 i0 Link 08 ${WORDS}`), "none");
});

test("a link that was taken down on purpose, or whose host failed, needs no reset: NVIDIA's table says to ignore it", () => {
  for (const cause of [0x26, 0x28]) {
    const information = `0x${((cause << 20) | 0x505c6).toString(16).padStart(8, "0")}`;
    assert.equal(actionOf(`149, NETIR_LINK_EVT Fatal XC0 i0 Link 08 (${information} 0x00000000)`), "none");
    assert.equal(actionOf(`149, NETIR_MFDE_EVENT Fatal XC0 i0 Link 08 (${information} 0x00000001)`), "reset-the-gpu");
  }
});

test("a harmless event after a fatal one does not end the fault", () => {
  const record = new XidRecord();
  for (const [seconds, word] of [
    ["10", "Fatal"],
    ["11", "Nonfatal"],
  ] as const) {
    const parsed = parseKernelLine(line(`149, NETIR_LINK_EVT ${word} XC0 i0 Link 08 ${WORDS}`, Number(seconds)));
    if (parsed !== undefined) record.take(parsed);
  }
  const [xid] = record.list();
  assert.deepEqual([xid?.count, xid?.action, xid?.isStanding], [2, "reset-the-gpu", true]);
  assert.match(xid?.text ?? "", /Fatal/);
});

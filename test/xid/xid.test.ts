import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKernelLine } from "../../agent/xid/xid.ts";

const line = (words: string) => `<3>[ 8120.771024] NVRM: ${words}`;
const actionOf = (words: string) => {
  const parsed = parseKernelLine(line(words));
  return parsed?.kind === "xid" ? `${parsed.xid} ${parsed.action}` : parsed?.kind;
};

test("an Xid line gives the GPU, the code, the time after boot and the words", () => {
  assert.deepEqual(
    parseKernelLine(line("Xid (PCI:0000:01:00): 79, pid=1234, name=python3, GPU has fallen off the bus.")),
    {
      kind: "xid",
      busId: "0000:01:00.0",
      xid: 79,
      atSeconds: 8120.771024,
      text: "pid=1234, name=python3, GPU has fallen off the bus.",
      action: "reboot",
    },
  );
  assert.equal(actionOf("GPU 0000:18:00.0: GPU has fallen off the bus."), "79 reboot");
  assert.equal(actionOf("Xid (PCI:0000:07:00 GPU-I:05): 94, pid=9, name=a"), "94 check-the-app", "a MIG instance");
  assert.equal(actionOf("GPU at PCI:0000:18:00: GPU-5c1b0002-0000-4000-8000-000000000003"), undefined);
});

test("NVIDIA's catalogue decides the action: an application's Xid is never a GPU's fault", () => {
  const xid = (code: number) => actionOf(`Xid (PCI:0000:01:00): ${code}, pid=1, name=a`);
  for (const code of [46, 48, 62, 64, 74, 95, 109, 110, 119, 120, 136, 140, 143, 144, 150, 155, 156, 158])
    assert.equal(xid(code), `${code} reset-the-gpu`);
  for (const code of [79, 151]) assert.equal(xid(code), `${code} reboot`);
  for (const code of [13, 31, 43, 45, 94, 999]) assert.equal(xid(code), `${code} check-the-app`);
});

test("Xid 154 names the action itself, and withdraws it after a reset", () => {
  const changed = (wanted: string) =>
    actionOf(`Xid (PCI:0000:01:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (${wanted})`);
  assert.equal(changed("GPU Reset Required"), "154 reset-the-gpu");
  assert.equal(changed("PF FLR"), "154 reset-the-gpu");
  assert.equal(changed("Node Reboot Required"), "154 reboot");
  assert.equal(changed("OS Reboot"), "154 reboot");
  assert.equal(changed("None"), "recovered");
});

test("a driver that is loaded again is noticed; other lines are ignored", () => {
  assert.equal(
    actionOf("loading NVIDIA UNIX Open Kernel Module for x86_64  570.133.20  Release Build"),
    "driver-loaded",
  );
  for (const other of [
    "",
    "<6>[    1.000000] usb 1-1: new device",
    "NVRM: Xid",
    "<6>[x] NVRM: Xid (PCI:0000:01:00): 79, a",
  ])
    assert.equal(parseKernelLine(other), undefined);
  const withCaller = "<3>[    9.100000] [  T1234] NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.";
  assert.equal(parseKernelLine(withCaller)?.kind, "xid");
});

test("a GPU that left the bus is named in every generation's words", () => {
  const address = (words: string) => {
    const parsed = parseKernelLine(line(words));
    return parsed?.kind === "xid" ? `${parsed.busId} ${parsed.xid} ${parsed.action}` : undefined;
  };
  for (const words of [
    "GPU 18:00.0: GPU has fallen off the bus.",
    "GPU at 0000:18:00.0 has fallen off the bus.",
    "GPU at PCI:0000:18:00 has fallen off the bus.",
    "GPU at PCI:0000:18:00: GPU has fallen off the bus.",
    "GPU 00000000:18:00.0: GPU has fallen off the bus.",
    "The NVIDIA GPU 0000:18:00.0 has fallen off the bus and is not responding to commands.",
    "Xid (0000:18:00): 79, GPU has fallen off the bus.",
    "Xid (18:00): 79, GPU has fallen off the bus.",
    "Xid (PCI:18:00.0): 79, GPU has fallen off the bus.",
    "Xid (PCI:0000:18:00.0): 79",
    "Xid (0018:00): 79, of a driver that gave no domain and four digits of the bus",
    "Xid (PCI:0000:18:00 GPU-I:05 GPU-CI:01): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
  ])
    assert.equal(address(words), "0000:18:00.0 79 reboot", words);
});

test("an Xid in a domain of its own keeps it", () => {
  const parsed = parseKernelLine(line("Xid (PCI:0018:01:00): 62, pid=1"));
  assert.equal(parsed?.kind === "xid" ? parsed.busId : undefined, "0018:01:00.0");
});

test("a text that is longer than any message of the driver is cut", () => {
  const parsed = parseKernelLine(line(`Xid (PCI:0000:18:00): 13, ${"x".repeat(5000)}`));
  assert.equal(parsed?.kind === "xid" ? parsed.text.length : undefined, 500);
});

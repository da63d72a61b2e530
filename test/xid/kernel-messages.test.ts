import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelMessages } from "../../agent/xid/xid.ts";

const stamp = (seconds: number) => `<4>[ ${seconds.toFixed(6)}] `;

/** What the lines say, each as `address code action`. */
function read(lines: readonly string[]): readonly string[] {
  const messages = new KernelMessages();
  return lines.flatMap((line) => {
    const parsed = messages.read(line);
    return parsed?.kind === "xid" ? [`${parsed.busId} ${parsed.xid} ${parsed.action}`] : [];
  });
}

const PROBE = [
  "NVRM: The NVIDIA GPU 0000:18:00.0 (PCI ID: 10de:2901)",
  "NVRM: installed in this system has",
  "NVRM: fallen off the bus and is not responding to commands.",
];
const OFF = ["0000:18:00.0 79 reboot"];

test("a GPU that is gone while the driver probes it is off the bus, though its message has three lines", () => {
  assert.deepEqual(read(PROBE.map((words, index) => stamp(12 + index / 1e6) + words)), OFF);
});

test("dmesg gives the further lines of one message no time, and indents them or not", () => {
  const [first = "", ...rest] = PROBE;
  for (const indent of [0, 1, 18])
    assert.deepEqual(read([stamp(12) + first, ...rest.map((words) => " ".repeat(indent) + words)]), OFF);
});

test("the address may stand alone on its line, and lines of other devices may come between", () => {
  const lines = [
    "NVRM: The NVIDIA GPU 0000:18:00.0",
    "NVRM: GPU 0000:3b:00.0: RmInitAdapter failed! (0x62:0xffff:2477)",
    "NVRM: (PCI ID: 10de:2901) installed in this system has",
    "NVRM: fallen off the bus and is not responding to commands.",
  ];
  assert.deepEqual(read(lines.map((words) => stamp(12) + words)), OFF);
});

test("two GPUs that are gone are two faults", () => {
  const both = [...PROBE, ...PROBE.map((words) => words.replace("18", "3b"))];
  assert.deepEqual(read(both.map((words) => stamp(12) + words)), [...OFF, "0000:3b:00.0 79 reboot"]);
});

test("the end of a message without its beginning names no GPU, and is not taken for another one's", () => {
  const [first = "", ...rest] = PROBE;
  assert.deepEqual(read(rest.map((words) => stamp(12) + words)), []);
  assert.deepEqual(read([stamp(12) + first, ...rest.map((words) => stamp(90) + words)]), []);
});

test("a line without a time is a message's rest, and never one of its own", () => {
  const forged = `${" ".repeat(18)}NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.`;
  for (const line of [forged, forged.trim()])
    assert.deepEqual(read([`${stamp(5)}EXT4-fs (loop0): volume name a`, line]), []);
});

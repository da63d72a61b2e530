// What holds for every text that a kernel could log: no exception, linear time, and no fault that other lines hide.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLineFilter } from "../../agent/xid/kernel-log.ts";
import { KERNEL_TOKENS, KernelMessages, parseKernelLine } from "../../agent/xid/xid.ts";
import { XidRecord } from "../../agent/xid/xid-record.ts";

const PREFIX = "<4>[ 1234.567890] ";
/** Pieces of the drivers' messages, so that generated lines come near to real ones. */
const PIECES = [
  ...[
    PREFIX,
    "NVRM: ",
    "nvidia-nvswitch0: ",
    "Xid (",
    "SXid (",
    "PCI:",
    "0000:18:00",
    "18:00.0",
    "): ",
    "79",
    "149",
    "154",
    ", ",
  ],
  ...[
    "The NVIDIA GPU ",
    "GPU at ",
    "fallen off the bus",
    "NETIR_LINK_EVT ",
    "Nonfatal",
    "Fatal",
    " XC0 i0 Link 08 (0x004505c6",
    ")",
  ],
  ...[
    " to 0x1 (GPU Reset Required)",
    "pid=1, name=",
    "Severity 1",
    "[",
    "]",
    "(",
    "\u0000",
    " ".repeat(40),
    "0".repeat(40),
    "é",
  ],
];
const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 12 }));
const words = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join("").replaceAll("\n", " "));
const line = fc.oneof(
  words,
  words.map((text) => `${PREFIX}NVRM: ${text}`),
  words.map((text) => `${PREFIX}nvidia-nvswitch0: SXid (${text}`),
);

const FAULTS = [
  "NVRM: Xid (PCI:0000:3a:00): 79, GPU has fallen off the bus.",
  "NVRM: GPU at 0000:3a:00.0 has fallen off the bus.",
  "NVRM: Xid (0000:3a:00): 62, pid=1, name=a",
  "NVRM: Xid (PCI:0000:3a:00): 149, NETIR_LINK_EVT  Fatal   XC0 i0 Link 08 (0x004505c6 0x00000000)",
  "nvidia-nvswitch0: SXid (PCI:0000:3a:00.0): 20034, Fatal, Link 30 LTSSM Fault Up",
];
const isOfThatDevice = (busId: string) => busId === "0000:3a:00.0";

test("no text makes the reader of kernel lines fail", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const messages = new KernelMessages();
      const record = new XidRecord();
      for (const text of lines) {
        parseKernelLine(text);
        const parsed = messages.read(text);
        if (parsed !== undefined) record.take(parsed);
      }
      for (const { xid, text } of record.list()) assert.ok(Number.isInteger(xid) && text.length <= 500);
    }),
    { numRuns: 2000 },
  );
});

test("a fault among any other lines, cut anywhere, is found", () => {
  const other = line.filter((text) => !text.includes("3a:00") && !text.includes("loading"));
  const scene = fc.record({
    before: fc.array(other, { maxLength: 15 }),
    after: fc.array(other, { maxLength: 15 }),
    fault: fc.constantFrom(...FAULTS),
    size: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(scene, ({ before, after, fault, size }) => {
      const messages = new KernelMessages();
      const record = new XidRecord();
      const take = createLineFilter(KERNEL_TOKENS, (text) => {
        const parsed = messages.read(text);
        if (parsed !== undefined) record.take(parsed);
      });
      const text = `${[...before, PREFIX + fault, ...after].join("\n")}\n`;
      for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size));
      const found = record.list().filter(({ busId, isStanding }) => isOfThatDevice(busId) && isStanding);
      assert.equal(found.length, 1, fault);
    }),
    { numRuns: 1000 },
  );
});

test("a megabyte of anything is read in time that grows with its length only", () => {
  const repeated = fc.constantFrom(
    ...PIECES.filter((text) => text !== ""),
    "a",
    "(",
    "XC0 ",
    "A".repeat(39),
    "Fatal ",
    "0x0(",
  );
  fc.assert(
    fc.property(repeated, fc.boolean(), (part, hasLines) => {
      const body = part.repeat(Math.ceil(1_000_000 / part.length));
      const starts = [
        "NVRM: Xid (PCI:0000:18:00): 149, ",
        "NVRM: Xid (",
        "NVRM: GPU at ",
        "nvidia-nvswitch0: SXid (PCI:0000:18:00): 1, ",
      ];
      const startedMs = performance.now();
      for (const start of starts) {
        const text = PREFIX + start + body;
        if (!hasLines) parseKernelLine(text);
        else createLineFilter(KERNEL_TOKENS, (found) => void parseKernelLine(found))(`${text.replaceAll(" ", "\n")}\n`);
      }
      const tookMs = performance.now() - startedMs;
      assert.ok(
        tookMs < 3000,
        `${Math.round(tookMs)} ms for 4 MB of ${JSON.stringify(part)}: the machine of a test is busy, and this still is linear`,
      );
    }),
    { numRuns: 60 },
  );
});

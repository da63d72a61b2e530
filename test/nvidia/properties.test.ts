// What holds for every text that nvidia-smi could print: no exception, linear time, and no fault that other cells hide.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeReading } from "../../agent/gpu/reading-faults.ts";
import { readFlag, readNumber, readText, stateOf } from "../../agent/nvidia/nvidia-smi-cells.ts";
import {
  CORE_FIELDS,
  OPTIONAL_FIELDS,
  parseRows,
  REMAPPED_FIELDS,
  refusedField,
  toReadings,
  unreachableBusIds,
} from "../../agent/nvidia/nvidia-smi-output.ts";
import { explainExit } from "../../agent/nvidia/nvidia-smi-problem.ts";

const CELLS = [
  ...[
    "[N/A]",
    "[Unknown Error]",
    "ERR!",
    "[GPU is lost]",
    "[GPU requires reset]",
    "Yes",
    "No",
    "0",
    "1",
    "Enabled",
    "Disabled",
  ],
  ...[
    "00000000:06:00.0",
    "0x00000000000000ff",
    "52.31 W",
    "Completed",
    "2",
    "",
    "[",
    "]",
    "[[]]",
    "-",
    "1e999",
    "9".repeat(30),
  ],
];
const cell = fc.oneof(fc.constantFrom(...CELLS), fc.string({ maxLength: 20 }));
const row = (fields: readonly string[]) =>
  fc.array(cell, { minLength: fields.length, maxLength: fields.length + 1 }).map((cells) => cells.join(", "));
const output = (fields: readonly string[]) =>
  fc.array(fc.oneof(row(fields), fc.string({ maxLength: 60 })), { maxLength: 6 }).map((lines) => lines.join("\n"));

test("no output makes the parsers fail, and what they give is bounded and typed", () => {
  const outputs = fc.tuple(output(CORE_FIELDS), output(OPTIONAL_FIELDS), output(REMAPPED_FIELDS));
  fc.assert(
    fc.property(outputs, fc.integer({ min: 0, max: 255 }), ([core, optional, remapped], exitCode) => {
      refusedField(core);
      unreachableBusIds(optional);
      assert.ok(explainExit({ exitCode, stdout: core, stderr: optional }).message.length < 500);
      const readings = toReadings(
        ...[parseRows(core, CORE_FIELDS), parseRows(optional, OPTIONAL_FIELDS), parseRows(remapped, REMAPPED_FIELDS)],
      );
      for (const reading of readings) {
        for (const value of Object.values(reading))
          assert.ok(typeof value !== "number" || Number.isFinite(value), JSON.stringify(reading));
        for (const { message } of judgeReading(reading, new Map())) assert.ok(message.length < 1000);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a cell is a value, or not supported, or not readable, and only a value gives one", () => {
  fc.assert(
    fc.property(cell, (text) => {
      const state = stateOf(text);
      assert.equal(readText(text) !== undefined, state === "value");
      if (state === "unreadable") assert.deepEqual([readFlag(text), readNumber(text)], [undefined, undefined]);
    }),
  );
});

test("a fault in one cell is found, whatever the others say", () => {
  const faults: readonly (readonly [field: string, cell: string, code: string])[] = [
    ["retired_pages.pending", "Yes", "gpu-page-retirement-pending"],
    ["retired_pages.pending", "1", "gpu-page-retirement-pending"],
    ["ecc.errors.uncorrected.volatile.total", "3", "gpu-ecc-uncorrected"],
    ["gpu_recovery_action", "Reboot", "gpu-reboot-required"],
    ["power.draw", "[GPU requires reset]", "gpu-reset-required"],
  ];
  const fields = OPTIONAL_FIELDS.filter((field) => field !== "pci.bus_id");
  const cells = fc.record(Object.fromEntries(fields.map((field) => [field, fc.constantFrom(...CELLS)])));
  fc.assert(
    fc.property(cells, fc.constantFrom(...faults), (others, [field, value, code]) => {
      const bus = { "pci.bus_id": "00000000:06:00.0" };
      const [reading] = toReadings([bus], [{ ...others, [field]: value, ...bus }], []);
      assert.ok(reading !== undefined && judgeReading(reading, new Map()).some((fault) => fault.code === code));
    }),
    { numRuns: 500 },
  );
});

test("a megabyte of anything is parsed in time that grows with its length only", () => {
  const parts = [
    ...CELLS,
    ", ",
    "\n",
    "device handle for gpu ",
    "0:",
    'Field "',
    "infoROM is ",
    "driver/library ",
    " ",
  ];
  fc.assert(
    fc.property(fc.constantFrom(...parts.filter((part) => part !== "")), (part) => {
      const text = part.repeat(Math.ceil(1_000_000 / part.length));
      const startedMs = performance.now();
      parseRows(text, CORE_FIELDS);
      refusedField(text);
      unreachableBusIds(text);
      explainExit({ exitCode: 1, stdout: text, stderr: "" });
      for (const read of [stateOf, readText, readFlag, readNumber]) read(text);
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 3000, `${Math.round(tookMs)} ms for 1 MB of ${JSON.stringify(part)}`);
    }),
    { numRuns: 60 },
  );
});

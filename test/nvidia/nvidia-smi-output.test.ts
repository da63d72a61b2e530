import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRows, refusedField, toReadings, unreachableBusIds } from "../../agent/nvidia/nvidia-smi-output.ts";

const BUS = "00000000:06:00.0";
const core = (changes: object = {}) => ({ "pci.bus_id": BUS, index: "0", name: "NVIDIA A10", ...changes });

test("lines that are not rows are left out", () => {
  assert.deepEqual(parseRows("WARNING: infoROM\n0, GPU-1\n\nUnable to, determine, it\n", ["index", "uuid"]), [
    { index: "0", uuid: "GPU-1" },
  ]);
});

test("the rows of the three queries are joined by address, in any spelling", () => {
  const [gpu] = toReadings(
    [core()],
    [{ "pci.bus_id": "0000:06:00.0", "power.draw": "61.5", "mig.mode.current": "Enabled" }],
    [{ gpu_bus_id: BUS.toUpperCase(), "remapped_rows.pending": "Yes", "remapped_rows.failure": "No" }],
  );
  assert.deepEqual(gpu, {
    ...{ busId: "0000:06:00.0", index: 0, product: "NVIDIA A10", powerWatts: 61.5, isMig: true },
    ...{ isRemapPending: true, isRemapFailed: false, needsReset: false, isLost: false },
  });
});

test("values that are not available are undefined, and a row without an address is left out", () => {
  for (const nothing of ["[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "ERR!", ""]) {
    const [gpu] = toReadings([core({ "temperature.gpu": nothing })], [], []);
    assert.equal(gpu?.temperatureCelsius, undefined, nothing);
    assert.deepEqual(toReadings([core({ "pci.bus_id": nothing })], [], []), [], nothing);
  }
});

const SLOWDOWNS: readonly (readonly [mask: string, slowdown: string | undefined])[] = [
  ["0x0000000000000000", undefined],
  ["0x0000000000000004", undefined],
  ["0x0000000000000020", "thermal"],
  ["0x0000000000000040", "thermal"],
  ["0x0000000000000080", "power"],
  ["0x00000000000000A0", "thermal"],
  ["0x0000000000000008", "hardware"],
  ["0x0000000000000048", "thermal"],
  ["0x0000000000000088", "power"],
  ["64", "thermal"],
  ["Active", undefined],
];
for (const [mask, slowdown] of SLOWDOWNS)
  test(`clock reasons ${mask} mean ${slowdown ?? "no slowdown"}`, () => {
    for (const field of ["clocks_event_reasons.active", "clocks_throttle_reasons.active"]) {
      const [gpu] = toReadings([core()], [{ "pci.bus_id": BUS, [field]: mask }], []);
      assert.equal(gpu?.slowdown, slowdown);
    }
  });

test("a reset that is required and a lost GPU are recognized in any field", () => {
  const [reset] = toReadings([core({ "memory.used": "[GPU requires reset]" })], [], []);
  assert.deepEqual([reset?.needsReset, reset?.isLost], [true, false]);
  const [lost] = toReadings([core({ name: "[GPU is lost]" })], [], []);
  assert.deepEqual([lost?.needsReset, lost?.isLost, lost?.product], [false, true, undefined]);
});

test("a refused field and unreachable GPUs are found in the output", () => {
  assert.equal(refusedField('Field "fabric.state" is not a valid field to query.\n'), "fabric.state");
  assert.equal(refusedField("0, GPU-1\n"), undefined);
  const output = "Unable to determine the device handle for GPU0: 00000000:3A:00.0: Unknown Error\n".repeat(2);
  assert.deepEqual(unreachableBusIds(output), ["0000:3a:00.0", "0000:3a:00.0"]);
});

const read = (optional: object, remapped: object = {}) =>
  toReadings([core()], [{ "pci.bus_id": BUS, ...optional }], [{ gpu_bus_id: BUS, ...remapped }])[0];

test("rows to be replaced are seen in words and in numbers", () => {
  const rows = (pending: string, failure: string) => {
    const gpu = read({}, { "remapped_rows.pending": pending, "remapped_rows.failure": failure });
    return [gpu?.isRemapPending, gpu?.isRemapFailed];
  };
  assert.deepEqual(rows("1", "0"), [true, false]);
  assert.deepEqual(rows("0", "1"), [false, true]);
  assert.deepEqual(rows("0", "0"), [false, false]);
  assert.deepEqual(rows("Yes", "No"), [true, false]);
  assert.deepEqual(rows("[N/A]", "[Unknown Error]"), [undefined, undefined]);
});

test("retired pages of GPUs before Ampere are seen", () => {
  for (const pending of ["Yes", "1"])
    assert.equal(read({ "retired_pages.pending": pending })?.isRetirementPending, true);
  for (const pending of ["No", "0"])
    assert.equal(read({ "retired_pages.pending": pending })?.isRetirementPending, false);
  const counts = { "retired_pages.single_bit_ecc.count": "40", "retired_pages.double_bit.count": "22" };
  assert.equal(read(counts)?.retiredPages, 62);
  assert.equal(read({ ...counts, "retired_pages.double_bit.count": "[N/A]" })?.retiredPages, 40);
  assert.equal(read({})?.retiredPages, undefined);
});

test("a mode that waits for a reset is seen, in words and in numbers", () => {
  const modes = (current: string, pending: string) =>
    read({
      "mig.mode.current": current,
      "mig.mode.pending": pending,
      "ecc.mode.current": current,
      "ecc.mode.pending": pending,
    });
  assert.deepEqual([modes("Disabled", "Enabled")?.isMigPending, modes("0", "1")?.isEccPending], [true, true]);
  assert.deepEqual(
    [modes("Enabled", "Enabled")?.isMigPending, modes("[N/A]", "[N/A]")?.isEccPending],
    [false, undefined],
  );
});

test("the state of the fabric and the driver's action are read as numbers too", () => {
  assert.equal(read({ "fabric.state": "3" })?.fabricState, "Completed");
  assert.equal(read({ "fabric.state": "1" })?.fabricState, "Not Started");
  for (const none of ["0", "[N/A]", "Not Supported"])
    assert.equal(read({ "fabric.state": none })?.fabricState, undefined);
  assert.equal(read({ gpu_recovery_action: "2" })?.recoveryAction, "Reboot");
});

test("a GPU of which nothing that it measures can be read does not answer", () => {
  for (const cell of ["[Unknown Error]", "ERR!"]) {
    const gpu = toReadings(
      [core({ "temperature.gpu": cell, "memory.total": cell, "memory.used": cell })],
      [{ "pci.bus_id": BUS, "power.draw": cell, "utilization.gpu": "[N/A]" }],
      [],
    )[0];
    assert.equal(gpu?.isLost, true, cell);
  }
});

test("a GPU that does not have the values is sound; one of which some cannot be read says which", () => {
  const none = toReadings([core({ "temperature.gpu": "[N/A]", "memory.total": "[N/A]" })], [], [])[0];
  assert.deepEqual([none?.isLost, none?.unreadable], [false, undefined]);
  const some = toReadings(
    [core({ "temperature.gpu": "ERR!", "memory.total": "23028" })],
    [{ "pci.bus_id": BUS, "ecc.errors.uncorrected.volatile.total": "[Unknown Error]" }],
    [{ gpu_bus_id: BUS, "remapped_rows.pending": "[Unknown Error]" }],
  )[0];
  assert.equal(some?.isLost, false);
  assert.deepEqual(some?.unreadable, [
    ...["ecc.errors.uncorrected.volatile.total", "remapped_rows.pending", "temperature.gpu"],
  ]);
});

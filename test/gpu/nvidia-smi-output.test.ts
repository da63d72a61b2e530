import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRows, refusedField, toReadings, unreachableBusIds } from "../../agent/gpu/nvidia-smi-output.ts";

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

// The table of the GPU machines, byte for byte. `UPDATE_GOLDEN=1` writes it again; the diff is then for the reviewer.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { GPU_MACHINES, readGpuMachine } from "../fakes/gpu-machine.ts";
import { observeGpuMachines } from "./observe.ts";
import { renderGpuTable } from "./table.ts";

const GOLDEN = new URL("expected.md", import.meta.url).pathname;

test("the table reports of every machine what it reported before", async () => {
  const table = renderGpuTable(await observeGpuMachines());
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(GOLDEN, table);
  assert.equal(table, readFileSync(GOLDEN, "utf8"));
});

test("it has one row a machine, in which action and cordon agree with what the fixture expects", async () => {
  const seen = await observeGpuMachines();
  assert.deepEqual(
    seen.map(({ name }) => name),
    GPU_MACHINES,
  );
  for (const { name, devices, answering, conditions, labels, isCordoned } of seen) {
    const { action, ...expected } = readGpuMachine(name).expected;
    assert.deepEqual({ devices, answering, conditions, labels }, expected, name);
    assert.equal(isCordoned, ["reset-the-gpu", "reboot", "replace"].includes(action), name);
  }
});

test("what would break a cell of the table is escaped", () => {
  const none = { devices: 0, answering: 0, nvSwitches: 0, products: [], driverVersion: undefined, isMig: false };
  const shown = { conditions: {}, labels: {}, hint: "a | b\nc", isCordoned: false };
  const [, , row = ""] = renderGpuTable([{ name: "x", describes: "y", ...none, ...shown }]).split("\n");
  assert.match(row, /\| a \\\| b c \|/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatValue, tableOf } from "../../scripts/docs/dashboard-table.ts";

const gridPos = { x: 0, y: 0, w: 12, h: 8 };
const series = (labels: Readonly<Record<string, string>>, value: number) => ({
  labels,
  runs: [
    { from: 0, to: 30, value: 9 },
    { from: 30, to: 60, value },
  ],
});

test("answers of one node are one row, columns are renamed and left out, and a mapped value is a word", () => {
  const options = { excludeByName: { "Value #B": true }, renameByName: { "Value #A": "ready" } };
  const fieldConfig = { defaults: {}, overrides: [{ properties: [] }] };
  const panel = { type: "table", title: "Nodes", gridPos, transformations: [{ id: "organize", options }], fieldConfig };
  const ready = [series({ node: "gpu-1" }, 1), series({ node: "gpu-2" }, 0)];
  const versions = [series({ node: "gpu-2", kubelet: "1.34.4" }, 1), series({ node: "gpu-3", kubelet: "1.33.1" }, 1)];
  assert.deepEqual(tableOf(panel, [ready, versions]), {
    columns: ["node", "ready", "kubelet"],
    rows: [
      ["gpu-1", "yes", ""],
      ["gpu-2", "no", "1.34.4"],
      ["gpu-3", "", "1.33.1"],
    ],
  });
});

test("rows of one query stay apart, and the last value counts, in the panel's unit", () => {
  const panel = { type: "table", title: "For", gridPos, fieldConfig: { defaults: { unit: "s" }, overrides: [] } };
  const answer = [series({ node: "gpu-1", type: "A" }, 12), series({ node: "gpu-1", type: "B" }, 870)];
  assert.deepEqual(tableOf(panel, [answer]).rows, [
    ["gpu-1", "A", "12 s"],
    ["gpu-1", "B", "14.5 min"],
  ]);
});

test("values have their units", () => {
  const shown = [
    ["percentunit", 0.256],
    ["celsius", 31],
    ["watt", 52.34],
    ["none", 2.5],
    [undefined, 0],
  ] as const;
  assert.deepEqual(
    shown.map(([unit, value]) => formatValue(value, unit)),
    ["26 %", "31 °C", "52.3 W", "2.5", "0"],
  );
});

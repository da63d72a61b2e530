import assert from "node:assert/strict";
import { test } from "node:test";
import { isColourful } from "../../agent/commands/paint.ts";
import { NO_SYSTEMD, NOT_INSTALLED, renderSilence } from "../../agent/commands/status-screen.ts";

const SILENCE = { url: "http://127.0.0.1:10260/status", journal: [] };
const marked = (style: string, text: string) => `<${style}>${text}</${style}>`;

const UNITS: readonly (readonly [unit: string, isActive: boolean, next: string])[] = [
  [NOT_INSTALLED, false, "eks-satellite check"],
  [NO_SYSTEMD, false, "eks-satellite check"],
  ["active (running, result success), 0 restarts", true, "journalctl -u eks-satellite -n 50"],
  ["failed (failed, result exit-code), 4 restarts", false, "systemctl start eks-satellite"],
];
for (const [unit, isActive, next] of UNITS)
  test(`a silent daemon whose unit is ${unit}: next is ${next}`, () => {
    const lines = renderSilence({ ...SILENCE, unit, isActive }, marked).split("\n");
    assert.deepEqual(lines, [
      `<red>✗ the daemon does not answer on ${SILENCE.url}</red>`,
      `  systemd: ${unit}`,
      "  journal: no warnings",
      "",
      `<bold>Next:</bold> ${next}`,
      "",
    ]);
  });

test("warnings of the journal are shown oldest first", () => {
  const text = renderSilence({ ...SILENCE, unit: "failed", isActive: false, journal: ["one", "two"] }, marked);
  assert.match(text, /\n {2}journal:\n {4}one\n {4}two\n/);
});

test("a --config that is not a configuration is reported", () => {
  const text = renderSilence({ ...SILENCE, unit: "failed", isActive: false, config: "there is none at /x" }, marked);
  assert.match(text, /\n {2}config: there is none at \/x\n/);
});

test("FORCE_COLOR and NO_COLOR decide about colours before the terminal does", () => {
  assert.deepEqual(
    [isColourful({}, true), isColourful({}, false), isColourful({ TERM: "dumb" }, true)],
    [true, false, false],
  );
  assert.deepEqual([isColourful({ NO_COLOR: "1" }, true), isColourful({ NO_COLOR: "" }, true)], [false, true]);
  assert.deepEqual([isColourful({ FORCE_COLOR: "1" }, false), isColourful({ FORCE_COLOR: "0" }, true)], [true, false]);
  assert.equal(isColourful({ NO_COLOR: "1", FORCE_COLOR: "1" }, true), false);
});

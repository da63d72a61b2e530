import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKlogLine } from "../../agent/kubelet/klog.ts";

const LINES: readonly (readonly [line: string, level: string, message: string])[] = [
  [
    'I1123 06:28:59.123456    4711 server.go:525] "Kubelet version" kubeletVersion="v1.34.4"',
    "debug",
    '"Kubelet version" kubeletVersion="v1.34.4"',
  ],
  ["W0102 03:04:05.000001       1 warnings.go:110] slow", "info", "slow"],
  ['E0102 03:04:05.000001 1 run.go:72] "command failed" err="swap on"', "notice", '"command failed" err="swap on"'],
  ["F0102 03:04:05.000001 1 server.go:1] fatal", "error", "fatal"],
  ["I0102 03:04:05.000001 1 a.go:1] ", "debug", ""],
  ["panic: runtime error: invalid memory address", "error", "panic: runtime error: invalid memory address"],
  ["fatal error: all goroutines are asleep", "error", "fatal error: all goroutines are asleep"],
  ["Error: unknown flag: --bogus", "notice", "Error: unknown flag: --bogus"],
  ["Usage:", "debug", "Usage:"],
  ["", "debug", ""],
  ["I am not klog] really", "debug", "I am not klog] really"],
];

for (const [line, level, message] of LINES) {
  test(`${JSON.stringify(line.slice(0, 40))} is ${level}`, () => {
    const isError = level === "notice" || level === "error";
    assert.deepEqual(parseKlogLine(line), { level, isError, message });
  });
}

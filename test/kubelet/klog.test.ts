import assert from "node:assert/strict";
import { test } from "node:test";
import { isKlogLine, parseKlogLine } from "../../agent/kubelet/klog.ts";
import { assertFast, FLOODS } from "../fakes/floods.ts";

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
    const { level: found, isError: foundError, message: foundMessage } = parseKlogLine(line);
    assert.deepEqual([found, foundError, foundMessage], [level, isError, message]);
  });
}

test("a structured line is its message, its values, and the file that wrote it", () => {
  const { text, values, source } = parseKlogLine(
    'E1128 18:57:51.057651   19846 reflector.go:205] "Failed to watch" err="failed to list *v1.Node: \\"x\\" is not found" logger="UnhandledError" count=3 type="*v1.Node"',
  );
  assert.deepEqual(
    [text, source, ...values],
    [
      ...["Failed to watch", "reflector.go", ["err", 'failed to list *v1.Node: "x" is not found']],
      ...[
        ["logger", "UnhandledError"],
        ["count", "3"],
        ["type", "*v1.Node"],
      ],
    ],
  );
});

/** Written by kubelet 1.34.4 with `logging.format: json`, against a socket that is not there and a server that answers 401. */
const JSON_LINES: readonly (readonly [line: string, level: string, message: string])[] = [
  [
    '{"ts":1795892157307.461,"caller":"app/server.go:529","msg":"Kubelet version","v":0,"kubeletVersion":"v1.34.4"}',
    "debug",
    '"Kubelet version" kubeletVersion="v1.34.4"',
  ],
  [
    '{"ts":1795892157308.6438,"caller":"cli/run.go:72","msg":"command failed","err":"failed to run Kubelet: validate CRI v1 runtime API for endpoint \\"unix:///run/x.sock\\""}',
    "notice",
    '"command failed" err="failed to run Kubelet: validate CRI v1 runtime API for endpoint \\"unix:///run/x.sock\\""',
  ],
  [
    '{"ts":1795892285080.3044,"caller":"kubelet/kubelet.go:2452","msg":"Skipping pod synchronization","err":"[PLEG is not healthy]","errCauses":[{"error":"PLEG is not healthy"}]}',
    "notice",
    '"Skipping pod synchronization" err="[PLEG is not healthy]"',
  ],
  [
    '{"ts":1795892285264.2034,"caller":"kubelet/kubelet_node_status.go:107","msg":"Unable to register node with API server","node":{"name":"gpu-1"},"err":"Unauthorized"}',
    "notice",
    '"Unable to register node with API server" err="Unauthorized" node="{\\"name\\":\\"gpu-1\\"}"',
  ],
  ['{"ts":1795892285264.2034,"caller":"kubelet/a.go:1","msg":"plain words","v":0}', "debug", "plain words"],
  ['{"ts":"a pod\'s own"}', "debug", '{"ts":"a pod\'s own"}'],
];

for (const [line, level, message] of JSON_LINES)
  test(`in JSON ${message.slice(0, 40)} is ${level}`, () => {
    const found = parseKlogLine(line);
    assert.deepEqual([found.level, found.isError, found.message], [level, level === "notice", message]);
    assert.equal(isKlogLine(line), !line.includes("own"));
  });

test("a JSON line that was cut because it is too long is still an error with its message", () => {
  const [, [whole = ""] = []] = JSON_LINES;
  const cut = (line: string) => parseKlogLine(`${line.slice(0, 130)}… and 90 more characters`);
  assert.deepEqual([cut(whole).level, cut(whole).text], ["notice", "command failed"]);
  const information = '{"ts":1.5,"caller":"a/b.go:1","msg":"Adding pod","v":3,"pod":"';
  assert.equal(cut(`${information}${"x".repeat(200)}`).level, "debug");
});

for (const [name, flood] of FLOODS)
  test(`1 MB of ${name} costs no time`, () => {
    assertFast(() => parseKlogLine(flood));
    assertFast(() => parseKlogLine(`E0102 03:04:05.000001 1 a.go:1] ${flood}`));
    assertFast(() => parseKlogLine(`E0102 03:04:05.000001 1 a.go:1] "x" err="${flood}`));
    assertFast(() => parseKlogLine(`{"ts":1.5,"caller":"a/b.go:1","msg":"${flood}`));
  });

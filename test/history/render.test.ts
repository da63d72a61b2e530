import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, renderHistory } from "../../agent/history/render.ts";
import type { TimedEntry } from "../../agent/history/timeline.ts";
import { localTime } from "../../agent/time.ts";

const AT = Date.UTC(2026, 0, 2, 3, 12, 0);
const entry = (changes: Partial<TimedEntry>): TimedEntry => ({
  ...{ at: AT, atMs: AT, boot: "one", kind: "event", name: "Repaired", message: "file:/a" },
  ...changes,
});

const CASES: readonly (readonly [what: string, entry: Partial<TimedEntry>, text: RegExp])[] = [
  [
    "a root cause",
    { kind: "condition", name: "TunnelUp", status: "False", reason: "GatewayAway", message: "m", isRootCause: true },
    /✗ TunnelUp +GatewayAway: m$/,
  ],
  [
    "a consequence",
    { kind: "condition", name: "NodeReady", status: "False", reason: "Away", message: "m" },
    /✗ NodeReady +Away: m \(a consequence\)$/,
  ],
  [
    "the end of a failure",
    { kind: "condition", name: "NodeReady", status: "True", reason: "Ready", message: "m", lastedMs: 252_000 },
    /✓ NodeReady +Ready: m \(it was false for 4 min 12 s\)$/,
  ],
  [
    "a boot after a power cut",
    { kind: "start", message: "it starts", isBoot: true, isUnexpected: true, lastedMs: 60_000 },
    /▶ daemon +it starts, the machine was booted, 1 min after the entry before; the machine did not end in order$/,
  ],
  [
    "a daemon that was killed",
    { kind: "start", message: "it starts", isBoot: false, isUnexpected: true, lastedMs: 5000 },
    /it starts, 5 s after the entry before; the daemon did not end in order$/,
  ],
  [
    "another configuration",
    { kind: "start", message: "it starts", isSameProcess: true, lastedMs: 5 },
    /it starts on another configuration$/,
  ],
  [
    "a stop",
    { kind: "stop", message: "it stops", lastedMs: 7_200_000 },
    /■ daemon +it stops after 2 h; pods keep running$/,
  ],
  ["an end of kubelet", { kind: "kubelet", name: "exited", message: "m" }, /↻ kubelet +exited: m$/],
  ["a service", { kind: "service", name: "containerd.service", message: "m" }, /↻ containerd\.service +m$/],
  ["a clock", { kind: "clock", name: "clock", message: "m" }, /• clock +m$/],
  ["an upgrade", { name: "KubeletUpgraded", message: "m", lastedMs: 40_000 }, /• KubeletUpgraded +m, after 40 s$/],
];
for (const [what, changes, text] of CASES)
  test(`${what} is one line with its time`, () => {
    const [line = "", end] = renderHistory([entry(changes)], 0).split("\n");
    assert.ok(line.startsWith(`${localTime(AT)}  `));
    assert.match(line, text);
    assert.equal(end, "");
  });

test("lines that cannot be read are counted", () => {
  assert.match(renderHistory([entry({})], 2), /\n2 lines cannot be read, and are left out\n$/);
});

const DURATIONS: readonly (readonly [seconds: number, text: string])[] = [
  [0, "0 s"],
  [42, "42 s"],
  [185, "3 min 5 s"],
  [180, "3 min"],
  [18_120, "5 h 2 min"],
  [86_400 * 2 + 4 * 3600 + 59, "2 d 4 h"],
];
for (const [seconds, text] of DURATIONS)
  test(`${seconds} s are ${text}`, () => {
    assert.equal(duration(seconds * 1000), text);
  });

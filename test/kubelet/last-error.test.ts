import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKlogLine } from "../../agent/kubelet/klog.ts";
import { lastErrorOf } from "../../agent/kubelet/last-error.ts";

const of = (line: string) => lastErrorOf(parseKlogLine(line));

test("kubelet's own reasons explain its end: a line of its start, a panic, a usage error", () => {
  assert.equal(
    of('E0102 03:04:05.000001 1 run.go:72] "command failed" err="swap on"'),
    '"command failed" err="swap on"',
  );
  assert.equal(of("panic: runtime error"), "panic: runtime error");
  assert.equal(of("Error: unknown flag: --bogus"), "Error: unknown flag: --bogus");
  assert.equal(
    of('{"ts":1.5,"caller":"cli/run.go:72","msg":"command failed","err":"swap on"}'),
    '"command failed" err="swap on"',
  );
});

test("what kubelet says of a pod does not, and no secret stays", () => {
  assert.equal(
    of('E0102 03:04:05.000001 1 pod_workers.go:1324] "Error syncing pod, skipping" err="a pod\'s words"'),
    undefined,
  );
  assert.doesNotMatch(of("panic: EnvVar{Name:A,Value:hunter2,ValueFrom:nil,}") ?? "", /hunter2/);
});

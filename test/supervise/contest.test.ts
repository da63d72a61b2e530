import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../../agent/plan/resource.ts";
import { Contest } from "../../agent/supervise/contest.ts";
import { containerdFile } from "../fakes/samples.ts";

const MINUTE_MS = 60_000;
const FILE: Resource = {
  ...{ kind: "file", path: "/etc/containerd/config.toml", content: "version = 2\n", mode: 0o644 },
  ...{ reader: "containerd", why: "CRI" },
};
const SERVICE: Resource = { kind: "service", unit: "containerd.service", configFile: FILE.path, why: "runtime" };
const OTHER: Resource = { kind: "sysctl", key: "vm.overcommit_memory", value: "1", why: "kubelet" };
const PLAN = [OTHER, FILE, SERVICE];
const THEIRS = { version: "1.7.27", config: containerdFile("version = 2\noom_score = 1\n") };
const OURS = { version: "1.7.27", config: containerdFile("version = 2\n") };

test("a file that is changed now and then is put back each time", () => {
  const contest = new Contest();
  for (let hour = 0; hour < 24; hour += 1) {
    contest.note(hour * 6 * MINUTE_MS);
    assert.deepEqual(contest.withhold(PLAN, THEIRS, hour * 6 * MINUTE_MS), { resources: PLAN });
  }
});

test("three times in ten minutes, and it is left alone for an hour, with who to look for", () => {
  const contest = new Contest();
  for (const minute of [0, 1, 2]) contest.note(minute * MINUTE_MS);
  const { resources, problem } = contest.withhold(PLAN, THEIRS, 3 * MINUTE_MS);
  assert.deepEqual(resources, [OTHER], "containerd is not restarted for it, and the rest goes on");
  assert.equal(problem?.code, "containerd-config-contested");
  assert.match(problem?.message ?? "", /put back 3 times in 10 minutes.*until 1970-01-01T01:02:00/);
  assert.match(problem?.hint ?? "", /GPU Operator/);
  assert.deepEqual(contest.withhold(PLAN, THEIRS, 62 * MINUTE_MS), { resources: PLAN }, "then it is tried again");
});

test("what is as planned is no matter of contest", () => {
  const contest = new Contest();
  for (const minute of [0, 1, 2]) contest.note(minute * MINUTE_MS);
  assert.deepEqual(contest.withhold(PLAN, OURS, 3 * MINUTE_MS), { resources: PLAN });
});

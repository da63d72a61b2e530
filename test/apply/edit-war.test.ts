import assert from "node:assert/strict";
import { test } from "node:test";
import { EditWar } from "../../agent/apply/edit-war.ts";
import type { Change } from "../../agent/apply/executor.ts";
import type { FileResource, Resource } from "../../agent/plan/resource.ts";
import { containerdFile } from "../fakes/samples.ts";

const MINUTE_MS = 60_000;
const FILE: FileResource = {
  ...{ kind: "file", path: "/etc/containerd/config.toml", content: "version = 2\noom_score = 0\n", mode: 0o644 },
  ...{ reader: "containerd", why: "CRI" },
};
const SERVICE: Resource = {
  kind: "service",
  unit: "containerd.service",
  readiness: { kind: "cri", socket: "/run/containerd/containerd.sock" },
  configFile: FILE.path,
  why: "runtime",
};
const OTHER: Resource = { kind: "sysctl", key: "vm.overcommit_memory", value: "1", why: "kubelet" };
const PLAN = [OTHER, FILE, SERVICE];
const facts = (text: string) => ({ version: "1.7.27", config: containerdFile(text) });
const THEIRS = "version = 2\noom_score = 1\n";

/** A contest over a file that was as planned once. */
function setUp() {
  const { contest, at } = createContest();
  contest.withhold(PLAN, facts(FILE.content));
  const putBack = (minute: number, before = THEIRS) => {
    const change: Change = { resource: FILE, action: "update", before, after: FILE.content };
    at(minute * MINUTE_MS).note([change]);
  };
  return { at, putBack };
}

/** `at` is the contest at some time of both clocks; `set` moves the time of day alone. */
function createContest() {
  let nowMs = 0;
  let setByMs = 0;
  const clock = { now: () => nowMs + setByMs, monotonic: () => nowMs, sleep: async () => undefined };
  const contest = new EditWar(clock);
  const at = (milliseconds: number) => {
    nowMs = milliseconds;
    return contest;
  };
  return { contest, at, set: (milliseconds: number) => (setByMs += milliseconds) };
}

test("a file that is changed now and then is repaired each time", () => {
  const { at, putBack } = setUp();
  for (let time = 0; time < 24; time += 1) {
    putBack(time * 6);
    assert.deepEqual(at(time * 6 * MINUTE_MS).withhold(PLAN, facts(THEIRS)), { resources: PLAN });
  }
});

test("three times in ten minutes, and it is left alone for an hour, with the key, both values and who to look for", () => {
  const { at, putBack } = setUp();
  for (const minute of [0, 1, 2]) putBack(minute);
  const { resources, problem } = at(3 * MINUTE_MS).withhold(PLAN, facts(THEIRS));
  assert.deepEqual(resources, [OTHER], "containerd is not restarted for it, and the rest goes on");
  assert.equal(problem?.code, "containerd-config-contested");
  assert.match(
    problem?.message ?? "",
    /repaired 3 times in 10 minutes.*until 1970-01-01T01:02:00.*oom_score is 1, not 0$/,
  );
  assert.match(problem?.hint ?? "", /GPU Operator/);
  assert.deepEqual(at(62 * MINUTE_MS).withhold(PLAN, facts(THEIRS)), { resources: PLAN }, "then it is tried again");
});

test("a process that writes something else each time is counted too, though each time the plan is another", () => {
  const { contest } = createContest();
  for (let time = 0; time < 4; time += 1) {
    const plan: FileResource = { ...FILE, content: `${FILE.content}# kept: ${time}\n` };
    contest.note([{ resource: plan, action: "update", before: `${THEIRS}# ${time}\n`, after: plan.content }]);
  }
  assert.equal(contest.withhold(PLAN, facts(THEIRS)).problem?.code, "containerd-config-contested");
});

test("what the daemon changes of its own accord is no contest: a toolkit that came, a key of the configuration", () => {
  const { at } = setUp();
  let before = FILE.content;
  for (let time = 0; time < 5; time += 1) {
    const resource: FileResource = { ...FILE, content: `version = 2\noom_score = ${time}\n` };
    at(time).note([{ resource, action: "update", before, after: resource.content }]);
    before = resource.content;
  }
  assert.deepEqual(at(6).withhold(PLAN, facts(THEIRS)), { resources: PLAN });
});

test("what is as planned is no matter of contest", () => {
  const { at, putBack } = setUp();
  for (const minute of [0, 1, 2]) putBack(minute);
  assert.deepEqual(at(3 * MINUTE_MS).withhold(PLAN, facts(FILE.content)), { resources: PLAN });
});

test("a clock that is set neither ends the hour nor prolongs it, and the end is named by the time of day", () => {
  for (const days of [-3650, 3650]) {
    const { contest, at, set } = createContest();
    contest.withhold(PLAN, facts(FILE.content));
    for (const minute of [0, 1, 2])
      at(minute * MINUTE_MS).note([{ resource: FILE, action: "update", before: THEIRS, after: FILE.content }]);
    set(days * 24 * 60 * MINUTE_MS);
    const { problem } = at(3 * MINUTE_MS).withhold(PLAN, facts(THEIRS));
    assert.match(problem?.message ?? "", days > 0 ? /until 1979-12-30T01:02:00/ : /until 1960-01-04T01:02:00/);
    assert.deepEqual(at(62 * MINUTE_MS).withhold(PLAN, facts(THEIRS)), { resources: PLAN });
  }
});

test("what is contested is named in containerd's spelling of its key, whatever the other process's is", () => {
  const { at, putBack } = setUp();
  for (const minute of [0, 1, 2]) putBack(minute);
  const { problem } = at(3 * MINUTE_MS).withhold(PLAN, facts("VERSION = 3\noom_score = 0\n"));
  assert.match(problem?.message ?? "", /: version is 3, not 2$/);
});

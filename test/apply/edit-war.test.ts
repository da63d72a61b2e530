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
function setUp(): { editWar: EditWar; putBack: (minute: number, before?: string) => void } {
  const editWar = new EditWar();
  editWar.withhold(PLAN, facts(FILE.content), 0);
  const putBack = (minute: number, before = THEIRS) => {
    const change: Change = { resource: FILE, action: "update", before, after: FILE.content };
    editWar.note([change], minute * MINUTE_MS);
  };
  return { editWar, putBack };
}

test("a file that is changed now and then is put back each time", () => {
  const { editWar, putBack } = setUp();
  for (let time = 0; time < 24; time += 1) {
    putBack(time * 6);
    assert.deepEqual(editWar.withhold(PLAN, facts(THEIRS), time * 6 * MINUTE_MS), { resources: PLAN });
  }
});

test("three times in ten minutes, and it is left alone for an hour, with the key, both values and who to look for", () => {
  const { editWar, putBack } = setUp();
  for (const minute of [0, 1, 2]) putBack(minute);
  const { resources, problem } = editWar.withhold(PLAN, facts(THEIRS), 3 * MINUTE_MS);
  assert.deepEqual(resources, [OTHER], "containerd is not restarted for it, and the rest goes on");
  assert.equal(problem?.code, "containerd-config-contested");
  assert.match(
    problem?.message ?? "",
    /repaired 3 times in 10 minutes.*until 1970-01-01T01:02:00.*oom_score is 1, not 0$/,
  );
  assert.match(problem?.hint ?? "", /GPU Operator/);
  assert.deepEqual(
    editWar.withhold(PLAN, facts(THEIRS), 62 * MINUTE_MS),
    { resources: PLAN },
    "then it is tried again",
  );
});

test("somebody who writes something else each time is counted too, though each time the plan is another", () => {
  const editWar = new EditWar();
  for (let time = 0; time < 4; time += 1) {
    const plan: FileResource = { ...FILE, content: `${FILE.content}# kept: ${time}\n` };
    editWar.note([{ resource: plan, action: "update", before: `${THEIRS}# ${time}\n`, after: plan.content }], 0);
  }
  assert.equal(editWar.withhold(PLAN, facts(THEIRS), 1).problem?.code, "containerd-config-contested");
});

test("what the daemon changes of its own accord is no contest: a toolkit that came, a key of the configuration", () => {
  const { editWar } = setUp();
  let before = FILE.content;
  for (let time = 0; time < 5; time += 1) {
    const resource: FileResource = { ...FILE, content: `version = 2\noom_score = ${time}\n` };
    editWar.note([{ resource, action: "update", before, after: resource.content }], time);
    before = resource.content;
  }
  assert.deepEqual(editWar.withhold(PLAN, facts(THEIRS), 6), { resources: PLAN });
});

test("what is as planned is no matter of contest", () => {
  const { editWar, putBack } = setUp();
  for (const minute of [0, 1, 2]) putBack(minute);
  assert.deepEqual(editWar.withhold(PLAN, facts(FILE.content), 3 * MINUTE_MS), { resources: PLAN });
});

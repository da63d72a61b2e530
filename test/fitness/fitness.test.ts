import assert from "node:assert/strict";
import { test } from "node:test";
import type { NoticeEvent } from "../../agent/board/events.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { Fitness } from "../../agent/fitness/fitness.ts";
import type { NodeApi } from "../../agent/kubernetes/node-api.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { READY } from "../fakes/memory-node-api.ts";
import { sampleConfig } from "../fakes/samples.ts";

const HOUR_MS = 60 * 60_000;
const CHECKED = "eks-satellite.io/checked";
const FINDINGS = "eks-satellite.io/check-findings";
const CREDENTIALS = { name: "credentials", outcome: "warn", evidence: "long-lived keys" };
const DISK = { name: "disk", outcome: "fail", evidence: "/var is full", remedy: "df -h" };

interface Setting {
  readonly host?: MemoryHost;
  readonly yaml?: string;
  readonly hasProgram?: boolean;
  readonly isReady?: boolean;
}

/** A Ready node; `answers` says what the child prints, and `annotations` is what is on the Node. */
function setUp({ host = new MemoryHost(), yaml = "", hasProgram = true, isReady = true }: Setting = {}) {
  const program = hasProgram ? ["/bin/node", "/p.mjs"] : undefined;
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  if (isReady) board.setTrue("NodeReady", "KubeletReady", "it is");
  const child = { findings: [CREDENTIALS] as object[], fail: 0, runs: 0, failure: undefined as Error | undefined };
  host.install("/bin/node", () => {
    child.runs += 1;
    if (child.failure !== undefined) throw child.failure;
    const summary = { ok: 41, warn: 1, fail: child.fail, pending: 0, unknown: 0 };
    return { exitCode: child.fail > 0 ? 1 : 0, stdout: JSON.stringify({ checks: child.findings, summary }) };
  });
  const server = { failure: undefined as Error | undefined, patches: 0, annotations: {} as Record<string, string> };
  const api = {
    patchAnnotations: async (_name: string, annotations: Readonly<Record<string, string | null>>) => {
      if (server.failure !== undefined) throw server.failure;
      server.patches += 1;
      const merged = Object.entries({ ...server.annotations, ...annotations });
      server.annotations = Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
    },
  } as unknown as NodeApi;
  const notices: NoticeEvent[] = [];
  const driver: { version: string | undefined } = { version: undefined };
  const stop = new AbortController();
  const fitness = new Fitness({
    ...{ host, log, board, program, configFile: "/c.yaml", config: sampleConfig(yaml), signal: stop.signal },
    ...{ api: () => api, driver: () => driver.version, emit: (event) => void notices.push(event) },
  });
  const round = async () => {
    fitness.see({ ...READY, ...(Object.keys(server.annotations).length > 0 ? { checked: server.annotations } : {}) });
    await fitness.round();
  };
  const condition = () => `${board.get("MachineChecked").status} ${board.get("MachineChecked").reason}`;
  return { host, board, child, server, notices, driver, stop, fitness, round, condition, messages };
}

test("a machine that has joined is checked once; the Node says how many, when and which, without what was found", async () => {
  const { server, child, notices, fitness, round, condition } = setUp();
  await fitness.restore();
  assert.equal(condition(), "True NotYet");
  for (let count = 0; count < 3; count += 1) await round();
  assert.deepEqual([child.runs, server.patches, condition()], [1, 1, "True Checked"]);
  assert.deepEqual(server.annotations, {
    [CHECKED]: "41 ok, 1 warning, 2026-01-02T03:04:05Z",
    [FINDINGS]: "warnings: credentials",
  });
  assert.deepEqual(
    notices.map(({ type, reason, message }) => [type, reason, message]),
    [["Normal", "Checked", "check: 41 ok, 1 warning; warnings: credentials"]],
  );
  assert.deepEqual(fitness.status().check?.findings, [CREDENTIALS]);
});

test("a machine whose Node is not Ready is not checked", async () => {
  const { child, round } = setUp({ isReady: false });
  await round();
  assert.equal(child.runs, 0);
});

test("another daemon with the same program, kernel and driver does not check again; a Node that is new gets the annotations", async () => {
  const first = setUp();
  await first.round();
  const second = setUp({ host: first.host });
  await second.fitness.restore();
  assert.equal(second.condition(), "True Checked");
  await second.round();
  assert.deepEqual([second.child.runs, second.server.annotations], [0, first.server.annotations]);
});

test("another driver makes a check due, and another kernel; not more often than once an hour", async () => {
  const { host, child, driver, round } = setUp();
  await round();
  driver.version = "550.54.15";
  await round();
  assert.equal(child.runs, 1);
  host.clock.jump(HOUR_MS);
  await round();
  assert.equal(child.runs, 2);
  host.system = { ...host.system, kernel: "6.8.0-61-generic" };
  host.clock.jump(HOUR_MS);
  await round();
  assert.equal(child.runs, 3);
  host.clock.jump(100 * HOUR_MS);
  await round();
  assert.equal(child.runs, 3);
});

test("what failed is a warning with the command that says more, and is checked again until it is well", async () => {
  const { host, child, server, notices, round, condition } = setUp();
  Object.assign(child, { findings: [CREDENTIALS, DISK], fail: 1 });
  await round();
  assert.equal(server.annotations[FINDINGS], "failed: disk; warnings: credentials");
  const { type, reason, message } = notices[0] ?? {};
  assert.deepEqual([type, reason, condition()], ["Warning", "CheckFailed", "True Checked"]);
  assert.match(message ?? "", /→ sudo eks-satellite check$/);
  assert.doesNotMatch(message ?? "", /\/var is full/);
  Object.assign(child, { findings: [], fail: 0 });
  host.clock.jump(6 * HOUR_MS);
  await round();
  assert.deepEqual([child.runs, server.annotations[FINDINGS]], [2, undefined]);
});

test("a check that gives no result is a condition, keeps what is on the Node, and is tried again after an hour", async () => {
  const { host, child, server, fitness, round, condition } = setUp();
  child.failure = new SatelliteError("command-timeout", "it did not end in 60 s");
  await round();
  await round();
  assert.deepEqual([child.runs, condition(), server.patches], [1, "False CommandTimeout", 0]);
  child.failure = undefined;
  host.clock.jump(HOUR_MS);
  await round();
  assert.deepEqual([child.runs, condition(), server.patches], [2, "True Checked", 1]);
  const counted = fitness.metrics().flatMap(({ samples }) => samples().map(({ value, labels }) => [labels, value]));
  assert.deepEqual(counted.slice(-2), [
    [{ outcome: "done" }, 1],
    [{ outcome: "failed" }, 1],
  ]);
});

test("a check that the daemon's end breaks off has not failed", async () => {
  const { child, stop, fitness, round, condition } = setUp();
  await fitness.restore();
  child.failure = new SatelliteError("command-missing", "killed");
  stop.abort();
  await round();
  assert.equal(condition(), "True NotYet");
});

test("what the API server refuses is tried again, and what a user has changed is written again", async () => {
  const { server, round, messages } = setUp();
  server.failure = new SatelliteError("api-forbidden", "not allowed");
  await round();
  assert.deepEqual(messages("info").slice(-1), ["what the check found was not written to the Node"]);
  server.failure = undefined;
  await round();
  server.annotations = { ...server.annotations, [CHECKED]: "all is well" };
  await round();
  assert.deepEqual([server.patches, server.annotations[CHECKED]], [2, "41 ok, 1 warning, 2026-01-02T03:04:05Z"]);
});

test("a full disk costs the record alone", async () => {
  const { host, server, round, messages } = setUp();
  host.files.write = async () => {
    throw new SatelliteError("disk-full", "no space");
  };
  await round();
  assert.equal(server.patches, 1);
  assert.ok(messages("info").includes("what the check found was not kept"));
});

test("with node.check: off, and where the program cannot be started again, nothing is run", async () => {
  for (const setting of [{ yaml: "node: { check: off }" }, { hasProgram: false }]) {
    const { child, fitness, round, condition } = setUp({ ...setting });
    await fitness.restore();
    await round();
    assert.deepEqual([child.runs, condition(), fitness.status()], [0, "True Off", {}]);
  }
});

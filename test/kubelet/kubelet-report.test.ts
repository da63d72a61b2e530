import assert from "node:assert/strict";
import { test } from "node:test";
import { kubeletMetrics, kubeletStatus } from "../../agent/kubelet/kubelet-report.ts";

const STATE = {
  pid: 7,
  startedAtMs: Date.UTC(2026, 0, 2),
  ageMs: 0,
  restarts: 3,
  restartsByReason: { exited: 2 },
  lastExit: undefined,
};

test("/status has the running kubelet and the ends of those before it", () => {
  const { startedAtMs: _, ageMs: __, ...rest } = STATE;
  assert.deepEqual(kubeletStatus(STATE), { kubelet: { ...rest, startedAt: "2026-01-02T00:00:00.000Z" } });
  assert.equal(kubeletStatus({ ...STATE, startedAtMs: undefined }).kubelet.startedAt, undefined);
});

test("metrics count ends by reason and failed pulls by registry; without a kubelet there is no start", () => {
  const samples = (state: typeof STATE | (Omit<typeof STATE, "startedAtMs"> & { startedAtMs: undefined })) =>
    kubeletMetrics({ state, failedPulls: new Map([["docker.io", 4]]) }).map((family) => family.samples());
  assert.deepEqual(samples(STATE), [
    [{ value: Date.UTC(2026, 0, 2) / 1000 }],
    [{ value: 2, labels: { reason: "exited" } }],
    [{ value: 4, labels: { registry: "docker.io" } }],
  ]);
  assert.deepEqual(samples({ ...STATE, startedAtMs: undefined })[0], []);
});

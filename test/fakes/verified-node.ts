// A run of `verify` on a cluster in memory, on a clock that moves by hand.
import assert from "node:assert/strict";
import { ROW_NAMES, type Row, type RowName } from "../../agent/admin/verify/row.ts";
import { verifyNode } from "../../agent/admin/verify/verify.ts";
import type { PodStatus } from "../../agent/host/verify/verify-kubernetes.ts";
import { MemoryClock } from "./memory-clock.ts";
import { MemoryVerify } from "./memory-verify.ts";

/** Sets up a run; `change` breaks the cluster first. */
export function setUpVerify(change: (kubernetes: MemoryVerify) => void = () => undefined) {
  const kubernetes = new MemoryVerify();
  change(kubernetes);
  const clock = new MemoryClock();
  const stop = new AbortController();
  const rows: Row[] = [];
  const context = { kubernetes, clock, caller: "the user of kubeconfig k", stopSignal: stop.signal };
  const run = (wanted: readonly RowName[] = ROW_NAMES) =>
    verifyNode(
      context,
      {
        ...{ nodeName: "gpu-1", namespace: "default", image: "busybox", isOnHostNetwork: true },
        ...{ rows: wanted, suffix: "0011aabb", port: 20_001 },
      },
      (row) => rows.push(row),
    );
  /** Lets time pass until the run ends; fails after a minute of the clock's. */
  const finish = async (running: ReturnType<typeof run> = run()) => {
    let isDone = false;
    const ended = running.finally(() => {
      isDone = true;
    });
    ended.catch(() => undefined);
    for (let second = 0; second < 60 && !isDone; second += 1) await clock.advance(1000);
    assert.ok(isDone, "it ends within a minute");
    return ended;
  };
  const outcomes = () => rows.map(({ name, code, outcome }) => `${name} ${code ?? outcome}`);
  return { kubernetes, clock, stop, rows, run, finish, outcomes };
}

/** A pod whose container waits. */
export const notRunning = (reason: string, message = ""): PodStatus => ({
  ...{ phase: "Pending", reason: "", message: "" },
  containers: [{ name: "web", isRunning: false, waiting: { reason, message } }],
});

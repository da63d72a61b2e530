// A kubelet's supervisor on a machine in memory.
import assert from "node:assert/strict";
import { Kubelet, type KubeletSpec } from "../../agent/kubelet/kubelet.ts";
import { createBoard } from "./board.ts";
import { settle } from "./memory-clock.ts";
import { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";

export const PROCESS_FILE = "/run/eks-satellite/kubelet-process.json";
export const COMMAND = { path: "/usr/bin/kubelet", args: ["--config=/a"] };
export const specOf = (digest: string): KubeletSpec => ({ command: COMMAND, digest });

/** A supervisor of which no kubelet is wanted yet. Wanting one prepares it too, as the rounds do. */
export function setUpKubelet() {
  const host = new MemoryHost();
  host.install(COMMAND.path, () => ({}));
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, host.clock);
  const stop = new AbortController();
  const prepared = {
    obstacle: undefined as Error | undefined,
    times: 0,
    spec: specOf("1"),
    gate: undefined as Promise<void> | undefined,
  };
  const ends: string[] = [];
  const refusals = { count: 0, troubles: 0 };
  const kubelet = new Kubelet({
    host,
    log: memoryLog.log,
    board,
    processFile: PROCESS_FILE,
    dumpFile: "/run/eks-satellite/kubelet-goroutines.txt",
    stopSeconds: 20,
    environment: { PATH: "/usr/bin" },
    prepare: async () => {
      prepared.times += 1;
      await prepared.gate;
      if (prepared.obstacle !== undefined) throw prepared.obstacle;
      return prepared.spec;
    },
    emit: (event) => {
      if (event.kind === "kubelet-ended") ends.push(`${event.reason}: ${event.message}`);
      else refusals[event.kind === "kubelet-unauthorized" ? "count" : "troubles"] += 1;
    },
  });
  const want = kubelet.want.bind(kubelet);
  kubelet.want = (spec) => {
    prepared.spec = spec;
    want(spec);
  };
  const current = () => {
    const last = host.spawned.at(-1);
    assert.ok(last !== undefined, "kubelet was started");
    return last.process;
  };
  return { host, board, kubelet, prepared, refusals, ends, stop, current, ...memoryLog };
}

/** A kubelet that runs. */
export async function setUpRunning(childOptions: MemoryHost["childOptions"] = {}) {
  const made = setUpKubelet();
  made.host.childOptions = childOptions;
  made.kubelet.want(specOf("1"));
  const running = made.kubelet.run(made.stop.signal);
  await settle();
  return { ...made, running };
}

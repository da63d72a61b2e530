// The figures of a join: the daemon's time to a Ready node beside that of a kubelet that was started by hand, on a quiet machine or a loaded one.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { type Figure, median } from "./figure.ts";
import { type JoinTimes, measureCold, measureWarm } from "./join.ts";

/** Pairs of runs: single ones differ by a fifth on a machine that is quiet. */
const PAIRS = 15;

/** Reports ratio and difference, warm and cold. @param isLoaded with a busy loop for each core */
export async function reportJoinFigures(
  report: (figure: Figure) => void,
  sandbox: Sandbox,
  isLoaded = false,
): Promise<void> {
  const loops = isLoaded ? Array.from({ length: availableParallelism() }, startBusyLoop) : [];
  try {
    const warm = await measureWarm(sandbox, PAIRS);
    report({ metric: isLoaded ? "join_ratio_warm_loaded" : "join_ratio_warm", ...ratio(warm) });
    report({ metric: isLoaded ? "join_adds_warm_loaded_s" : "join_adds_warm_s", value: difference(warm) });
    const cold = await measureCold(sandbox, PAIRS);
    report({ metric: isLoaded ? "join_ratio_cold_loaded" : "join_ratio_cold", ...ratio(cold) });
    report({ metric: isLoaded ? "join_adds_cold_loaded_s" : "join_adds_cold_s", value: difference(cold) });
  } finally {
    for (const end of loops) end();
  }
}

function startBusyLoop(): () => void {
  const child = spawn("/bin/sh", ["-c", "while :; do :; done"], { stdio: "ignore" });
  return () => void child.kill("SIGKILL");
}

function ratio({ daemonMs, handMs }: JoinTimes) {
  return {
    value: median(daemonMs) / median(handMs),
    samples: { daemonMs: daemonMs.map(Math.round), handMs: handMs.map(Math.round) },
  };
}

function difference({ daemonMs, handMs }: JoinTimes): number {
  return (median(daemonMs) - median(handMs)) / 1000;
}

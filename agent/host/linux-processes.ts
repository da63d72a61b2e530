// Commands and children of a real machine. Each leads a process group of its own, and nothing that it leaves holds the daemon.
import { readFileSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import type { Child, ChildExit, Signal } from "./host.ts";
import { createRunner, notStarted } from "./laptop/run-command.ts";

/** Runs a command to its end. @throws as Host.run says */
export const runCommand = createRunner(shareOomScore);

/** Starts a child. It has ended when its process has; what it leaves in its group ends with it. */
export function spawnChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Child {
  const started = execa(command, args, {
    reject: false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    extendEnv: false,
    cleanup: false,
    killDescendants: true,
    env: { ...environment },
  });
  const { pid } = started;
  if (pid === undefined) throw notStarted(command, undefined);
  const { promise: exited, resolve } = Promise.withResolvers<ChildExit>();
  started.nodeChildProcess.once("exit", (exitCode, signal) => {
    killProcess(-pid, "SIGKILL");
    resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
  });
  return {
    ...{ pid, stdout: started.stdout, stderr: started.stderr, exited },
    kill: (signal) => void started.kill(signal),
  };
}

/** Sends a signal to a process, or to a group by its negative number; false when there is none. */
export function killProcess(pid: number, signal: Signal): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ESRCH") return false;
    throw error;
  }
}

/** The kernel spares the daemon (OOMScoreAdjust of its unit), and kubelet; a helper that needs too much memory must not be spared. */
function shareOomScore(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    if (Number(readFileSync("/proc/self/oom_score_adj", "utf8")) < 0) writeFileSync(`/proc/${pid}/oom_score_adj`, "0");
  } catch {
    // It has ended already.
  }
}

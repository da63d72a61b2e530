// Runs a command to its end, on any system. It leads a process group of its own, and nothing that it leaves is waited for.
import type { ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { setTimeout as sleepFor } from "node:timers/promises";
import { ExecaError, execa } from "execa";
import { SatelliteError } from "../../errors.ts";
import type { Host, RunOptions, RunResult } from "../host.ts";

const DEFAULT_TIMEOUT_SECONDS = 30;
/** How long the pipes of a process that has ended, or that was killed, are waited for: a grandchild may hold them for ever. */
const LEFTOVER_MS = 1000;
const MAX_OUTPUT_MEBIBYTES = 8;

/** Called with each command that has been started. */
export type OnStart = (pid: number | undefined) => void;

/** Creates what runs a command to its end. */
export function createRunner(onStart: OnStart): Host["run"] {
  return (command, args, options) => runCommand({ command, args, onStart }, options);
}

interface Line {
  readonly command: string;
  readonly args: readonly string[];
  readonly onStart: OnStart;
}

/** @throws as Host.run says */
async function runCommand(
  { command, args, onStart }: Line,
  { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, environment, signal, input }: RunOptions = {},
): Promise<RunResult> {
  const running = execa(command, args, {
    reject: false,
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
    timeout: Math.round(timeoutSeconds * 1000),
    killSignal: "SIGKILL",
    killDescendants: true,
    maxBuffer: MAX_OUTPUT_MEBIBYTES * 2 ** 20,
    // Only a command that gets systemd's socket explicitly may use it: systemctl's helpers would notify in our name, and systemd would log a refusal.
    env: { NOTIFY_SOCKET: undefined, ...environment },
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  onStart(running.pid);
  const result = await Promise.race([running, untilGivenUp(running, timeoutSeconds, signal)]);
  const line = `${command} ${args.join(" ")}`;
  if (result === undefined || result.timedOut) throw late(line, timeoutSeconds, result === undefined);
  if (result.isMaxBuffer) {
    throw new SatelliteError("command-output-too-large", `${line} wrote more than ${MAX_OUTPUT_MEBIBYTES} MiB`, {
      hint: "Run it by hand to see what it writes.",
    });
  }
  if (result.exitCode === undefined && result.signal === undefined) throw notStarted(command, result);
  return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
}

interface Running extends PromiseLike<unknown> {
  readonly nodeChildProcess: ChildProcess;
}

/** Closes the pipes that outlive the process. Resolves when a process that was killed is still there: it waits in the kernel. */
async function untilGivenUp(
  running: Running,
  timeoutSeconds: number,
  signal: AbortSignal | undefined,
): Promise<undefined> {
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const child = running.nodeChildProcess;
  child.once("exit", () => resolve());
  const over = new AbortController();
  void running.then(() => over.abort());
  const until = (milliseconds: number) =>
    sleepFor(milliseconds, undefined, { signal: over.signal }).catch(() => undefined);
  const killed = [until(timeoutSeconds * 1000), ...(signal === undefined ? [] : [aborted(signal, over.signal)])];
  const hasExited = await Promise.race([exited.then(() => true), ...killed.map((end) => end.then(() => false))]);
  await until(LEFTOVER_MS);
  for (const pipe of [child.stdout, child.stderr]) pipe?.destroy();
  if (hasExited) return new Promise(() => undefined); // The command's own result is the answer.
  await Promise.race([exited, until(LEFTOVER_MS)]);
  child.unref();
  return undefined;
}

function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true, signal: over }));
}

function late(line: string, timeoutSeconds: number, isStuck: boolean): SatelliteError {
  const stuck = "It cannot be killed: it waits in the kernel (state D in ps), for a disk or a driver. See dmesg.";
  return new SatelliteError("command-timeout", `${line} did not end in ${timeoutSeconds} s`, {
    hint: isStuck ? stuck : "Run it by hand to see where it hangs.",
  });
}

/** Codes of fork(2) and of pipe(2), which come before the command is looked for. */
const WITHOUT_ROOM = ["EAGAIN", "ENOMEM", "EMFILE", "ENFILE"];

/** Why a command could not be started. */
export function notStarted(command: string, cause: unknown): SatelliteError {
  const code = (cause as { code?: string } | undefined)?.code ?? (isExecutable(command) ? "EAGAIN" : "ENOENT");
  const details = cause instanceof ExecaError ? { cause } : {};
  if (WITHOUT_ROOM.includes(code)) {
    return new SatelliteError("command-not-started", `${command} could not be started: ${code}`, {
      hint: "The machine has no room for more processes, memory or open files: ps -eLf | wc -l, cat /proc/sys/kernel/pid_max, free -m.",
      ...details,
    });
  }
  return new SatelliteError("command-missing", `${command} could not be started`, {
    hint: `Check that ${command} exists and is executable (ls -l, PATH).`,
    ...details,
  });
}

function isExecutable(command: string): boolean {
  try {
    accessSync(command, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

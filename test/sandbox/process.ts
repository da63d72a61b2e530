// Daemons that outlive the command that started them. Each is known by pid and start time, so that a pid which the
// kernel gave to another process meanwhile is never touched.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cleanEnvironment } from "./environment.ts";
import { isMissing } from "./state.ts";
import { waitFor } from "./wait.ts";

/** A daemon to run. */
export interface Daemon {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Text that, when it changes, asks for a restart: the content of a file the daemon reads once. */
  readonly restartOn?: string;
}

/** A running process, distinguished from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot: field 22 of /proc/PID/stat. */
  readonly startTicks: string;
}

/** The daemon records itself before it becomes the command, so that a crash of ours cannot lose it. */
const recordThenExec =
  "read -r boot < /proc/sys/kernel/random/boot_id; read -r stat < /proc/$$/stat; " +
  'printf "%s\\n" "$1" "$boot" "$stat" > "$0.new"; mv "$0.new" "$0"; shift; exec "$@"';

/** Starts a daemon unless it runs already with the same command; returns whether it was started. */
export async function startDaemon(folder: string, daemon: Daemon): Promise<boolean> {
  const digest = createHash("sha256").update(JSON.stringify(daemon)).digest("hex");
  const record = await readRecord(folder, daemon.name);
  if (record && (await isAlive(record.identity))) {
    if (record.digest === digest) return false;
    await stopDaemon(folder, daemon.name);
  }
  await mkdir(join(folder, "run"), { recursive: true });
  await mkdir(join(folder, "logs"), { recursive: true });
  const log = openSync(logPath(folder, daemon.name), "a");
  const child = spawn("/bin/sh", ["-c", recordThenExec, recordPath(folder, daemon.name), digest, ...daemon.command], {
    detached: true,
    stdio: ["ignore", log, log],
    env: cleanEnvironment(daemon.environment),
    cwd: "/",
  });
  closeSync(log);
  child.unref();
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  await waitFor({ what: `${daemon.name} to record its pid`, deadlineMs: 10_000, intervalMs: 5 }, async () => {
    const identity = (await readRecord(folder, daemon.name))?.identity;
    return identity?.pid === child.pid;
  });
  return true;
}

/** Ends a daemon: SIGTERM, then SIGKILL after `graceMs`. One that does not run any more is fine. */
export async function stopDaemon(folder: string, name: string, graceMs = 10_000): Promise<void> {
  const identity = (await readRecord(folder, name))?.identity;
  if (identity) await endProcess(identity, graceMs);
  await rm(recordPath(folder, name), { force: true });
}

/** Ends one process by its identity: SIGTERM, then SIGKILL after `graceMs`; no SIGTERM when that is 0. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  if (graceMs > 0 && (await endsBy("SIGTERM", identity, graceMs))) return;
  if (await endsBy("SIGKILL", identity, 10_000)) return;
  const { pid } = identity;
  throw new Error(`process ${pid} did not end after SIGKILL: it hangs in the kernel, see /proc/${pid}/stack`);
}

/** Names of the daemons that were started here, running or not. */
export async function recordedDaemons(folder: string): Promise<string[]> {
  try {
    const names = await readdir(join(folder, "run"));
    return names.filter((name) => name.endsWith(".pid")).map((name) => name.slice(0, -".pid".length));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The identity of a daemon while it runs. */
export async function runningDaemon(folder: string, name: string): Promise<ProcessIdentity | undefined> {
  const identity = (await readRecord(folder, name))?.identity;
  return identity && (await isAlive(identity)) ? identity : undefined;
}

/** The identity of a living process, undefined when there is none (a zombie does not live). */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined; // ENOENT or ESRCH: it has just ended
  }
}

/** Whether exactly this process still lives. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identityOf(identity.pid))?.startTicks === identity.startTicks;
}

/** Where a daemon's output goes. */
export function logPath(folder: string, name: string): string {
  return join(folder, "logs", `${name}.log`);
}

/** The last lines of a daemon's log, for an error message. */
export async function lastLines(folder: string, name: string, count = 15): Promise<string> {
  const text = await readFile(logPath(folder, name), "utf8").catch(() => "");
  return `last lines of ${logPath(folder, name)}:\n${text.trimEnd().split("\n").slice(-count).join("\n")}`;
}

async function readRecord(folder: string, name: string) {
  const text = await readFile(recordPath(folder, name), "utf8").catch(() => "");
  const [digest, boot, stat] = text.split("\n");
  // Of an earlier boot: its pid and start time may be another process's by now.
  const isThisBoot = boot === (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const identity = stat && isThisBoot ? parseStat(stat) : undefined;
  return digest && identity ? { digest, identity } : undefined;
}

/** The command's name, field 2, may hold spaces and parentheses: fields are counted from its closing one. */
function parseStat(stat: string): ProcessIdentity | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = fields[19];
  return fields[0] === "Z" || !startTicks ? undefined : { pid: Number.parseInt(stat, 10), startTicks };
}

async function endsBy(signal: NodeJS.Signals, identity: ProcessIdentity, deadlineMs: number): Promise<boolean> {
  if (!(await isAlive(identity))) return true;
  signalProcess(identity.pid, signal);
  const wait = { what: `process ${identity.pid} to end`, deadlineMs, intervalMs: 20 };
  return waitFor(wait, async () => !(await isAlive(identity))).catch(() => false);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it ended between the look and the signal
  }
}

function recordPath(folder: string, name: string): string {
  return join(folder, "run", `${name}.pid`);
}

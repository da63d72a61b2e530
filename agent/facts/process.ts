// Processes by pid and start time: a pid alone may have been given to another process since.
import type { Host } from "../host/host.ts";

/** One process, for as long as it lives. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot; field 22 of /proc/PID/stat, see proc(5). */
  readonly startTicks: number;
}

/** USER_HZ, which is 100 on every architecture that the agent runs on. */
const TICKS_PER_SECOND = 100;

/** The process that has this pid now, or undefined when there is none. */
export async function readProcess(host: Host, pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await host.files.read(`/proc/${pid}/stat`);
  // The second field is the command's name in parentheses, which may itself hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = Number(fields?.[19]);
  const isZombie = fields?.[0] === "Z";
  return Number.isInteger(startTicks) && !isZombie ? { pid, startTicks } : undefined;
}

/** Whether this very process still runs. */
export async function isAlive(host: Host, { pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await readProcess(host, pid))?.startTicks === startTicks;
}

/** When a process started, in milliseconds since the epoch; exact to the second. */
export async function readStartMs(host: Host, { startTicks }: ProcessIdentity): Promise<number> {
  const bootSeconds = /^btime (\d+)$/m.exec((await host.files.read("/proc/stat")) ?? "")?.[1];
  return Number(bootSeconds ?? 0) * 1000 + (startTicks * 1000) / TICKS_PER_SECOND;
}

/** Pids of the running processes with this name (comm). */
export async function findProcesses(host: Host, name: string): Promise<readonly number[]> {
  const pids = (await host.files.list("/proc")).filter((entry) => /^\d+$/.test(entry));
  const names = await Promise.all(pids.map((pid) => host.files.read(`/proc/${pid}/comm`)));
  return pids.filter((_, index) => names[index]?.trim() === name).map(Number);
}

/** The systemd unit that a process belongs to, or undefined outside any. */
export async function readUnit(host: Host, pid: number): Promise<string | undefined> {
  const groups = (await host.files.read(`/proc/${pid}/cgroup`)) ?? "";
  return /\/([^/\n]+\.(?:service|scope))(?:\/|$)/m.exec(groups)?.[1];
}

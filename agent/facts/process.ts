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
  const fields = await readStatFields(host, pid);
  const startTicks = Number(fields?.[19]);
  const isZombie = fields?.[0] === "Z";
  return Number.isInteger(startTicks) && !isZombie ? { pid, startTicks } : undefined;
}

/** The fields of /proc/PID/stat from the third on, the state. */
async function readStatFields(host: Host, pid: number): Promise<readonly string[] | undefined> {
  const stat = await host.files.read(`/proc/${pid}/stat`);
  // The second field is the command's name in parentheses, which may itself hold spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
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

/**
 * Whether root on this machine runs a process, outside every container. A name and a port prove nothing: any user, and any pod on
 * the host's network, can have both. The owner of /proc/PID is no proof either, since prctl(PR_SET_DUMPABLE) makes it root.
 */
export async function isOfMachine(host: Host, pid: number): Promise<boolean> {
  const [isRoot, container, ownContainer, ...areOwnNamespaces] = await Promise.all([
    isOfRoot(host, pid),
    readContainer(host, pid),
    readContainer(host, "self"), // A rented machine may itself be a container.
    ...["pid", "mnt"].map((kind) => isOwnNamespace(host, pid, kind)),
  ]);
  return isRoot && container === ownContainer && areOwnNamespaces.every(Boolean);
}

/** `Uid:` of proc_pid_status(5): the real, effective, saved and file system user, in the name space of the reader. */
async function isOfRoot(host: Host, pid: number): Promise<boolean> {
  return /^Uid:\t0\t0\t0\t0$/m.test((await host.files.read(`/proc/${pid}/status`)) ?? "");
}

async function isOwnNamespace(host: Host, pid: number, kind: string): Promise<boolean> {
  const [own, other] = await Promise.all(
    ["self", pid].map((process) => host.files.readLink(`/proc/${process}/ns/${kind}`).catch(() => "")), // Another user's.
  );
  return own === other;
}

/** What cgroups of pods and containers are named after: kubelet, Docker, Podman, CRI-O, containerd's CRI, nerdctl, LXC, systemd-nspawn. */
const CONTAINER_GROUPS = ["kubepods", "docker", "libpod", "crio", "cri-containerd", "nerdctl", "lxc", "machine.slice"];

/** The pod or container that a process runs in, e.g. `pod 0f1e… (container 4b5a…)`; undefined outside any. */
export async function readContainer(host: Host, pid: number | "self"): Promise<string | undefined> {
  const groups = ((await host.files.read(`/proc/${pid}/cgroup`)) ?? "").slice(0, 64 * 1024);
  const names = groups.split(/[/\n]/);
  if (!names.some((name) => CONTAINER_GROUPS.some((known) => name.startsWith(known)))) return undefined;
  const uid = /pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})/.exec(groups)?.[1]?.replaceAll("_", "-");
  const id = /[0-9a-f]{64}/.exec(groups)?.[0]?.slice(0, 12);
  const container = id === undefined ? "a container" : `container ${id}`;
  return uid === undefined ? container : `pod ${uid} (${container})`;
}

/** Whether a process is of the process group that another one leads. */
export async function isOfGroup(host: Host, pid: number, leader: number): Promise<boolean> {
  return Number((await readStatFields(host, pid))?.[2]) === leader;
}

/** Whether a process belongs to a pod of kubelet's. */
export async function isOfPod(host: Host, pid: number): Promise<boolean> {
  return ((await host.files.read(`/proc/${pid}/cgroup`)) ?? "").split("/").some((name) => name.startsWith("kubepods"));
}

/** The systemd unit that a process belongs to, or undefined outside any. */
export async function readUnit(host: Host, pid: number): Promise<string | undefined> {
  const groups = (await host.files.read(`/proc/${pid}/cgroup`)) ?? "";
  return /\/([^/\n]+\.(?:service|scope))(?:\/|$)/m.exec(groups)?.[1];
}

// What the daemon costs while nothing happens: start, rounds, memory, processor.
import { setTimeout as delay } from "node:timers/promises";
import { sessionFiles } from "../sandbox/install-agent.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { waitFor } from "../sandbox/wait.ts";

const NODE = "/opt/eks-satellite/bin/node";
/** Idle begins when the node has been Ready for this long. */
const SETTLE_SECONDS = 120;
/** How long the processor is watched. */
const WATCH_SECONDS = 300;

interface Status {
  readonly startMs: number;
  readonly converge: { readonly rounds: number; readonly changes: number; readonly lastRoundMs: number };
}

/** Milliseconds from the process's start to its loops running, as it says itself, once for each of `runs` restarts. */
export async function measureStart(sandbox: Sandbox, runs: number): Promise<readonly number[]> {
  const milliseconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await sandbox.box(["systemctl", "restart", "eks-satellite"]);
    milliseconds.push((await readStatus(sandbox)).startMs);
  }
  return milliseconds;
}

/** Durations of rounds that had nothing to do, and how many changes and written files they made after all. */
export async function measureRounds(
  sandbox: Sandbox,
  runs: number,
): Promise<{ milliseconds: readonly number[]; writes: number }> {
  await sandbox.waitForNode();
  const milliseconds: number[] = [];
  const first = await nextRound(sandbox, (await readStatus(sandbox)).converge.rounds);
  await sandbox.box(["touch", "/tmp/bench-mark"]);
  let last = first;
  while (milliseconds.length < runs) {
    last = await nextRound(sandbox, last.converge.rounds);
    milliseconds.push(last.converge.lastRoundMs);
  }
  // What a round may write: the plan's files and the state folder. The token's file has a schedule of its own.
  const folders = ["/etc", "/var/lib/eks-satellite", "/var/lib/kubelet/kubeconfig"];
  const { stdout } = await sandbox.box(["find", ...folders, "-newer", "/tmp/bench-mark", "-type", "f"]);
  const files = stdout.split("\n").filter((line) => line !== "");
  return { milliseconds, writes: last.converge.changes - first.converge.changes + files.length };
}

/** In MB of a million bytes. */
export interface Memory {
  readonly rssMegabytes: number;
  /** What the process itself has written, and no one else can have. */
  readonly anonymousMegabytes: number;
  /** Pages of its files, above all of Node's: the kernel maps as many as it likes, and takes them back when memory is short. */
  readonly fileMegabytes: number;
}

/** Memory in MB of a million bytes. */
export interface IdleFigures extends Memory {
  /** The same Node, the same flags, and nothing to do: what no program on it can go below. */
  readonly bareNodeMegabytes: number;
  readonly cpuPercent: number;
  /** Programs that the daemon started meanwhile, by name, an hour. */
  readonly programsPerHour: Readonly<Record<string, number>>;
}

/** Resident memory after two idle minutes and a scrape, and what the daemon then takes and starts in five more. */
export async function measureIdle(sandbox: Sandbox): Promise<IdleFigures> {
  // Keys are fetched again, so that everything that a day in this process's life loads is loaded.
  await sandbox.box(["systemctl", "stop", "eks-satellite"]);
  await sandbox.box(["rm", "-f", ...sessionFiles]);
  // Node's own file is read from the disk, as after a boot: the kernel maps more of one that has just been copied.
  await sandbox.box(["dd", `if=${NODE}`, "iflag=nocache", "count=0"]);
  await sandbox.box(["systemctl", "start", "eks-satellite"]);
  await sandbox.waitForNode();
  await delay(SETTLE_SECONDS * 1000);
  const pid = Number(
    (await sandbox.box(["systemctl", "show", "eks-satellite", "--property=MainPID", "--value"])).stdout,
  );
  const programs = await readPrograms(sandbox);
  const { stdout: status } = await sandbox.box(["cat", `/proc/${pid}/status`]);
  const began = { cpuNs: await cpuNanoseconds(sandbox, pid), at: performance.now() };
  await delay(WATCH_SECONDS * 1000);
  const cpuNs = (await cpuNanoseconds(sandbox, pid)) - began.cpuNs;
  const elapsedMs = performance.now() - began.at;
  const perHour = (value: number) => Math.round((value * 3_600_000) / elapsedMs);
  const started = Object.entries(await readPrograms(sandbox)).map(
    ([program, count]) => [program, perHour(count - (programs[program] ?? 0))] as const,
  );
  return {
    ...readMemory(status),
    bareNodeMegabytes: await measureBareNode(sandbox),
    cpuPercent: (cpuNs / 1e6 / elapsedMs) * 100,
    programsPerHour: Object.fromEntries(started.filter(([, count]) => count > 0)),
  };
}

/** Programs that the daemon has started, by name. */
async function readPrograms(sandbox: Sandbox): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await sandbox.box(["curl", "--silent", "--fail", "http://127.0.0.1:9911/metrics"]);
  const lines = stdout.matchAll(/^eks_satellite_programs_started_total\{program="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, program = "", count]) => [program, Number(count)]));
}

/** Time on a processor of all threads of a process, and of the children that it has waited for, in nanoseconds. */
export async function cpuNanoseconds(sandbox: Sandbox, pid: number): Promise<number> {
  const script = `cat /proc/${pid}/task/*/schedstat; cut -d' ' -f16,17 /proc/${pid}/stat`;
  const lines = (await sandbox.box(["/bin/sh", "-c", script])).stdout.trim().split("\n");
  const [userTicks = 0, systemTicks = 0] = (lines.pop() ?? "").split(" ").map(Number);
  const ownNs = lines.reduce((sum, line) => sum + Number(line.split(" ")[0]), 0);
  return ownNs + (userTicks + systemTicks) * 1e7;
}

async function measureBareNode(sandbox: Sandbox): Promise<number> {
  const program = [NODE, "--max-semi-space-size=1", "--eval", "setInterval(() => undefined, 1000)"];
  await sandbox.box(["systemd-run", "--quiet", "--collect", "--unit=bare-node", ...program]);
  await delay(2000);
  const show = ["systemctl", "show", "bare-node", "--property=MainPID", "--value"];
  const pid = (await sandbox.box(show)).stdout.trim();
  const { stdout: status } = await sandbox.box(["cat", `/proc/${pid}/status`]);
  await sandbox.box(["systemctl", "stop", "bare-node"]);
  return readMemory(status).rssMegabytes;
}

/** Reads /proc/PID/status, proc_pid_status(5). @throws TypeError when a line is missing */
export function readMemory(status: string): Memory {
  const megabytes = (name: string) => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
    if (kibibytes === undefined) throw new TypeError(`the status has no ${name}: ${status}`);
    return (Number(kibibytes) * 1024) / 1e6;
  };
  return {
    rssMegabytes: megabytes("VmRSS"),
    anonymousMegabytes: megabytes("RssAnon"),
    fileMegabytes: megabytes("RssFile"),
  };
}

function nextRound(sandbox: Sandbox, after: number): Promise<Status> {
  return waitFor({ what: "a round", deadlineMs: 120_000, intervalMs: 1000 }, async () => {
    const status = await readStatus(sandbox);
    return status.converge.rounds > after ? status : undefined;
  });
}

function readStatus(sandbox: Sandbox): Promise<Status> {
  return waitFor({ what: "/status", deadlineMs: 20_000 }, async () =>
    JSON.parse((await sandbox.box(["curl", "--silent", "--fail", "http://127.0.0.1:9911/status"])).stdout),
  );
}

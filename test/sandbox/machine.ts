// The machine: systemd-nspawn boots its tree under real systemd in its own network namespace.
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import type { Addresses } from "./addresses.ts";
import { ensureCgroups, removeCgroups } from "./cgroups.ts";
import { clean } from "./environment.ts";
import { machineTree } from "./machine-tree.ts";
import { processesIn } from "./network.ts";
import {
  endProcess,
  isAlive,
  lastLines,
  type ProcessIdentity,
  runningDaemon,
  startDaemon,
  stopDaemon,
} from "./process.ts";
import { nodeName } from "./state.ts";
import { waitFor } from "./wait.ts";

const daemonName = "machine";

/** Puts itself into each cgroup given before `--`, then becomes the command after it. */
const joinThenExec = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"';

/** Boots the machine unless it runs, and waits until systemd has reached its default target. */
export async function bootMachine(folder: string, addresses: Addresses): Promise<void> {
  const init = await machineInit(addresses);
  if (init && (await runningDaemon(folder, daemonName))) return waitForBoot(folder, addresses);
  await cutPower(folder, addresses); // an init whose systemd-nspawn was killed can no longer be shut down in order
  const groups = await ensureCgroups(cgroupName(addresses));
  await startDaemon(folder, {
    name: daemonName,
    command: ["/bin/sh", "-c", joinThenExec, "join", ...groups, "--", ...nspawn(folder, addresses)],
    // kubelet sets kernel parameters, and systemd-nspawn would show them read-only.
    environment: { SYSTEMD_NSPAWN_API_VFS_WRITABLE: "yes" },
  });
  await waitForBoot(folder, addresses);
}

/** Shuts the machine down in order, as `poweroff` does; a machine that takes longer than 60 s is cut off. */
export async function powerOff(folder: string, addresses: Addresses): Promise<void> {
  const init = await machineInit(addresses);
  if (init) {
    await runInMachine(addresses, ["systemctl", "poweroff"], { mayFail: true });
    await waitFor({ what: "the machine to power off", deadlineMs: 60_000 }, async () => !(await isAlive(init))).catch(
      () => undefined, // cut off below
    );
  }
  await cutPower(folder, addresses);
}

/** Takes the machine away at once, as a power cut does: no process in it gets to do anything more. */
export async function cutPower(folder: string, addresses: Addresses): Promise<void> {
  const init = await machineInit(addresses);
  if (init) await endProcess(init, 0);
  await stopDaemon(folder, daemonName);
  await waitFor({ what: "the machine's last process to end", deadlineMs: 20_000, intervalMs: 20 }, async () => {
    return (await processesIn(addresses.machineNamespace)).length === 0;
  });
  await removeCgroups(cgroupName(addresses));
}

/** How to run a command in the machine. */
export interface CommandOptions {
  /** Given to the command's standard input. */
  readonly input?: string;
  /** A command that takes longer is killed, and fails. */
  readonly timeoutMs?: number;
  /** A failure is reported by `exitCode` alone instead of an error. */
  readonly mayFail?: boolean;
  /** The command shares this process's terminal, and its output is not returned. */
  readonly interactive?: boolean;
}

/** What a command in the machine gave. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a command in the machine as root.
 * @throws Error with the command's output when it fails, unless it may; Error when the machine does not run.
 */
export async function runInMachine(
  addresses: Addresses,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const init = await machineInit(addresses);
  if (!init) throw new Error("the machine does not run: start it with scripts/sandbox up");
  const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"];
  const result = await execa("nsenter", ["--target", String(init.pid), ...namespaces, "--", ...command], {
    ...clean(),
    reject: options.mayFail !== true,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" }),
    ...(options.interactive ? { stdio: "inherit" } : {}),
  });
  return { stdout: String(result.stdout ?? ""), stderr: String(result.stderr ?? ""), exitCode: result.exitCode ?? 1 };
}

/** The machine's init as the host sees it: the process of its namespace that is pid 1 one level down. */
export async function machineInit(addresses: Addresses): Promise<ProcessIdentity | undefined> {
  for (const identity of await processesIn(addresses.machineNamespace)) {
    const status = await readFile(`/proc/${identity.pid}/status`, "utf8").catch(() => "");
    if (/^NSpid:\t\d+\t1$/m.test(status)) return identity;
  }
  return undefined;
}

async function waitForBoot(folder: string, addresses: Addresses): Promise<void> {
  const wait = { what: "the machine to boot", deadlineMs: 60_000, explain: () => lastLines(folder, daemonName) };
  await waitFor(wait, async () => {
    const command = ["systemctl", "is-active", "--quiet", "multi-user.target"];
    return (await runInMachine(addresses, command, { mayFail: true })).exitCode === 0;
  });
}

function nspawn(folder: string, addresses: Addresses): string[] {
  return [
    ...["systemd-nspawn", "--boot", "--quiet", `--directory=${machineTree(folder)}`],
    ...[`--machine=eks-satellite-${addresses.slot}`, `--hostname=${nodeName}`],
    ...["--register=no", "--keep-unit", "--link-journal=no", "--console=pipe"],
    ...["--resolv-conf=off", "--timezone=off", "--bind=/dev/kmsg"],
    `--network-namespace-path=/run/netns/${addresses.machineNamespace}`,
    // What containers need that systemd-nspawn would withhold: runc makes session keyrings and loads eBPF programs.
    ...["--capability=all", "--system-call-filter=@keyring @privileged @mount @module bpf perf_event_open"],
  ];
}

function cgroupName(addresses: Addresses): string {
  return `eks-satellite-${addresses.slot}`;
}

// A machine without a kernel of its own: systemd-nspawn boots its tree under real systemd in its own network namespace.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { Addresses } from "../addresses.ts";
import { ensureCgroups, removeCgroups } from "../cgroups.ts";
import { clean } from "../environment.ts";
import { machineTree } from "../machine-tree.ts";
import { addressContainer, processesIn } from "../network.ts";
import {
  endProcess,
  isAlive,
  lastLines,
  type ProcessIdentity,
  runningDaemon,
  startDaemon,
  stopDaemon,
} from "../process.ts";
import { isMissing, nodeName } from "../state.ts";
import { waitFor } from "../wait.ts";
import type { CommandOptions, CommandResult, Machine, MachinePlace } from "./machine.ts";

const daemonName = "machine";

/** Puts itself into each cgroup given before `--`, then becomes the command after it. */
const joinThenExec = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"';

/** A container of systemd-nspawn; its files are a folder of the host. */
export class NspawnMachine implements Machine {
  readonly #folder: string;
  readonly #addresses: Addresses;

  constructor({ folder, addresses }: MachinePlace) {
    this.#folder = folder;
    this.#addresses = addresses;
  }

  connect(): Promise<void> {
    return addressContainer(this.#addresses);
  }

  async boot(): Promise<void> {
    const init = await machineInit(this.#addresses);
    if (init && (await runningDaemon(this.#folder, daemonName))) return this.#waitForBoot();
    await this.cutPower(); // an init whose systemd-nspawn was killed can no longer be shut down in order
    const groups = await ensureCgroups(cgroupName(this.#addresses));
    const program = nspawn(this.#folder, this.#addresses);
    await startDaemon(this.#folder, {
      name: daemonName,
      command: ["/bin/sh", "-c", joinThenExec, "join", ...groups, "--", ...program],
      // kubelet sets kernel parameters, and systemd-nspawn would show them read-only.
      environment: { SYSTEMD_NSPAWN_API_VFS_WRITABLE: "yes" },
    });
    await this.#waitForBoot();
  }

  async powerOff(): Promise<void> {
    const init = await machineInit(this.#addresses);
    if (init) {
      await this.run(["systemctl", "poweroff"], { mayFail: true });
      await waitFor({ what: "the machine to power off", deadlineMs: 60_000 }, async () => !(await isAlive(init))).catch(
        () => undefined, // cut off below
      );
    }
    await this.cutPower();
  }

  async cutPower(): Promise<void> {
    const init = await machineInit(this.#addresses);
    if (init) await endProcess(init, 0);
    await stopDaemon(this.#folder, daemonName);
    await waitFor({ what: "the machine's last process to end", deadlineMs: 20_000, intervalMs: 20 }, async () => {
      return (await processesIn(this.#addresses.machineNamespace)).length === 0;
    });
    await removeCgroups(cgroupName(this.#addresses));
  }

  async run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const init = await machineInit(this.#addresses);
    if (!init) throw new Error("the machine does not run: start it with scripts/sandbox up");
    const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"];
    const result = await execa("nsenter", ["--target", String(init.pid), ...namespaces, "--", ...command], {
      ...clean(),
      reject: options.mayFail !== true,
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" }),
      ...(options.interactive ? { stdio: "inherit" } : {}),
    });
    return {
      stdout: String(result.stdout ?? ""),
      stderr: String(result.stderr ?? ""),
      exitCode: result.exitCode ?? 1,
    };
  }

  async describe(): Promise<string | undefined> {
    const init = await machineInit(this.#addresses);
    return init && `runs at ${this.#addresses.node}, its init is pid ${init.pid}`;
  }

  async digest(path: string): Promise<string | undefined> {
    const content = await this.read(path);
    return content && createHash("sha256").update(content).digest("hex");
  }

  async read(path: string): Promise<Buffer | undefined> {
    return readFile(this.#onHost(path)).catch(unlessMissing(undefined));
  }

  async list(path: string): Promise<readonly string[]> {
    return readdir(this.#onHost(path)).catch(unlessMissing([]));
  }

  async write(path: string, content: Buffer | string, mode = 0o644): Promise<void> {
    const target = this.#onHost(path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.new`, content, { mode });
    await rename(`${target}.new`, target);
  }

  async remove(...paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(this.#onHost(path), { recursive: true, force: true });
  }

  async #waitForBoot(): Promise<void> {
    const explain = () => lastLines(this.#folder, daemonName);
    await waitFor({ what: "the machine to boot", deadlineMs: 60_000, explain }, async () => {
      const command = ["systemctl", "is-active", "--quiet", "multi-user.target"];
      return (await this.run(command, { mayFail: true })).exitCode === 0;
    });
  }

  #onHost(path: string): string {
    return join(machineTree(this.#folder), path);
  }
}

/** The machine's init as the host sees it: the process of its namespace that is pid 1 one level down. */
async function machineInit(addresses: Addresses): Promise<ProcessIdentity | undefined> {
  for (const identity of await processesIn(addresses.machineNamespace)) {
    const status = await readFile(`/proc/${identity.pid}/status`, "utf8").catch(() => "");
    if (/^NSpid:\t\d+\t1$/m.test(status)) return identity;
  }
  return undefined;
}

function nspawn(folder: string, addresses: Addresses): string[] {
  return [
    ...["systemd-nspawn", "--boot", "--quiet", `--directory=${machineTree(folder)}`],
    ...[`--machine=eks-satellite-${addresses.slot}`, `--hostname=${nodeName}`],
    ...["--register=no", "--keep-unit", "--link-journal=no", "--console=pipe"],
    ...["--resolv-conf=off", "--timezone=off", "--bind=/dev/kmsg", "--bind=/dev/net/tun"],
    `--network-namespace-path=/run/netns/${addresses.machineNamespace}`,
    // What containers need that systemd-nspawn would withhold: runc makes session keyrings and loads eBPF programs.
    ...["--capability=all", "--system-call-filter=@keyring @privileged @mount @module bpf perf_event_open"],
  ];
}

function cgroupName(addresses: Addresses): string {
  return `eks-satellite-${addresses.slot}`;
}

function unlessMissing<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return otherwise;
    throw error;
  };
}

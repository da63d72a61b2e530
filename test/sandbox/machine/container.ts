// A container of systemd-nspawn: it boots a tree under real systemd in a network namespace, and ends with every process of it.
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { ensureCgroups, removeCgroups } from "../cgroups.ts";
import { clean } from "../environment.ts";
import { processesIn } from "../network.ts";
import {
  endProcess,
  isAlive,
  lastLines,
  type ProcessIdentity,
  runningDaemon,
  startDaemon,
  stopDaemon,
} from "../process.ts";
import { waitFor } from "../wait.ts";
import type { CommandOptions, CommandResult } from "./machine.ts";

/** What a container is made of. */
export interface ContainerPlace {
  /** The sandbox's folder. */
  readonly folder: string;
  /** Its name among the sandbox's daemons, and so its log's. */
  readonly daemon: string;
  /** Its name among all containers of the host, and its cgroup's. */
  readonly name: string;
  readonly hostname: string;
  /** Folder of its files. */
  readonly tree: string;
  readonly namespace: string;
}

/** Puts itself into each cgroup given before `--`, then becomes the command after it. */
const joinThenExec = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"';

/** The inits that were found, by namespace: looking for one reads of every process of the host, and each command asks for it. */
const inits = new Map<string, ProcessIdentity>();

/** One container; its files stay when it ends. */
export class Container {
  readonly #place: ContainerPlace;

  constructor(place: ContainerPlace) {
    this.#place = place;
  }

  /** Boots it unless it runs, and waits until systemd has reached its default target. */
  async boot(): Promise<void> {
    await this.start();
    const explain = () => lastLines(this.#place.folder, this.#place.daemon);
    await waitFor({ what: `${this.#place.daemon} to boot`, deadlineMs: 60_000, explain }, async () => {
      const command = ["systemctl", "is-active", "--quiet", "multi-user.target"];
      return (await this.run(command, { mayFail: true })).exitCode === 0;
    });
  }

  /** Begins to boot it unless it runs. */
  async start(): Promise<void> {
    const { folder, daemon, name } = this.#place;
    if ((await this.init()) && (await runningDaemon(folder, daemon))) return;
    await this.cutPower(); // an init whose systemd-nspawn was killed can no longer be shut down in order
    const groups = await ensureCgroups(name);
    await startDaemon(folder, {
      name: daemon,
      command: ["/bin/sh", "-c", joinThenExec, "join", ...groups, "--", ...nspawn(this.#place)],
      // kubelet sets kernel parameters, and systemd-nspawn would show them read-only.
      environment: { SYSTEMD_NSPAWN_API_VFS_WRITABLE: "yes" },
    });
  }

  /** Shuts it down in order, as `poweroff` does, and cuts it off after a minute. */
  async powerOff(): Promise<void> {
    const init = await this.init();
    if (init) {
      await this.run(["systemctl", "poweroff"], { mayFail: true });
      await waitFor({ what: "the machine to power off", deadlineMs: 60_000 }, async () => !(await isAlive(init))).catch(
        () => undefined, // cut off below
      );
    }
    await this.cutPower();
  }

  /** Ends every process of it at once. */
  async cutPower(): Promise<void> {
    const { folder, daemon, namespace, name } = this.#place;
    const init = await this.init();
    if (init) await endProcess(init, 0);
    await stopDaemon(folder, daemon);
    await waitFor({ what: "the machine's last process to end", deadlineMs: 20_000, intervalMs: 20 }, async () => {
      return (await processesInside(namespace)).length === 0;
    });
    await removeCgroups(name);
  }

  /** Runs a command in it as root. @throws Error with its output when it fails, unless it may; when the container does not run */
  async run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const init = await this.init();
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

  /** Its init as the host sees it: the process of its namespace that is pid 1 one level down. */
  async init(): Promise<ProcessIdentity | undefined> {
    const { namespace } = this.#place;
    const known = inits.get(namespace);
    if (known !== undefined && (await isAlive(known))) return known;
    inits.delete(namespace);
    for (const identity of await processesIn(namespace)) {
      const levels = await levelsOf(identity);
      if (levels?.length !== 2 || levels[1] !== "1") continue;
      inits.set(namespace, identity);
      return identity;
    }
    return undefined;
  }
}

/** Processes of the namespace that live in a container, and not beside it. */
async function processesInside(namespace: string): Promise<readonly ProcessIdentity[]> {
  const identities = await processesIn(namespace);
  const inside = await Promise.all(identities.map(async (identity) => ((await levelsOf(identity))?.length ?? 0) > 1));
  return identities.filter((_, index) => inside[index]);
}

/** The process's pids from the host's point of view inwards. */
async function levelsOf({ pid }: ProcessIdentity): Promise<readonly string[] | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""); // it has just ended
  return /^NSpid:\t(.+)$/m.exec(status)?.[1]?.split("\t");
}

function nspawn({ tree, name, hostname, namespace }: ContainerPlace): string[] {
  return [
    ...["systemd-nspawn", "--boot", "--quiet", `--directory=${tree}`, `--machine=${name}`, `--hostname=${hostname}`],
    ...["--register=no", "--keep-unit", "--link-journal=no", "--console=pipe"],
    ...["--resolv-conf=off", "--timezone=off", "--bind=/dev/kmsg", "--bind=/dev/net/tun"],
    `--network-namespace-path=/run/netns/${namespace}`,
    // What containers need that systemd-nspawn would withhold: runc makes session keyrings and loads eBPF programs.
    ...["--capability=all", "--system-call-filter=@keyring @privileged @mount @module bpf perf_event_open"],
  ];
}

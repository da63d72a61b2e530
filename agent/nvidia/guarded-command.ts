// Runs NVIDIA's programs under a limit that holds even when the driver does not let go of them: a process in an uninterruptible
// wait of the kernel survives SIGKILL. It is not waited for, and no other one is started beside it, which would only hang, too.
import type { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";

/** A call that hangs in the kernel. */
export interface StuckCall {
  readonly seconds: number;
  /** Of a call that is ours. */
  readonly args?: readonly string[];
  /** Of a process that another program, or an earlier run of the daemon, has started. */
  readonly pid?: number;
}

export interface GuardedCommandOptions {
  readonly host: Host;
  /** The program's name, as in /proc/PID/comm. */
  readonly name: string;
  readonly explainStuck: (call: StuckCall) => SatelliteError;
}

/** Time for SIGKILL to take effect. A process that still exists afterwards hangs in the kernel. */
const KILL_GRACE_MS = 2000;
/** Every query waits in the kernel for moments: only a process that is this old, and waits, is stuck. */
const STUCK_AFTER_SECONDS = 60;
/** USER_HZ, which is 100 on every architecture that the agent runs on. */
const TICKS_PER_SECOND = 100;

/** One program, of which one process runs at a time. */
export class GuardedCommand {
  readonly #options: GuardedCommandOptions;
  #stuckSince: { readonly args: readonly string[]; readonly sinceMs: number } | undefined;

  constructor(options: GuardedCommandOptions) {
    this.#options = options;
  }

  /** Why no call can be made now; undefined when one can. */
  get stuck(): SatelliteError | undefined {
    const { host, explainStuck } = this.#options;
    if (this.#stuckSince === undefined) return undefined;
    const { args, sinceMs } = this.#stuckSince;
    return explainStuck({ args, seconds: Math.round((host.clock.monotonic() - sinceMs) / 1000) });
  }

  /** Looks for a stuck process that is not ours. @throws what explainStuck makes of it */
  async refuseBesideOthers(): Promise<void> {
    const { host, name, explainStuck } = this.#options;
    const found = await findStuckProcess(host, name);
    if (found !== undefined) throw explainStuck(found);
  }

  /** Runs the program. @throws command-missing, command-timeout, or what explainStuck makes of a call that cannot be killed */
  async run(path: string, args: readonly string[], timeoutSeconds: number): Promise<RunResult> {
    if (this.stuck !== undefined) throw this.stuck;
    const { host } = this.#options;
    const call = { args, sinceMs: host.clock.monotonic() };
    const over = new AbortController();
    const running = host.run(path, args, { timeoutSeconds }).finally(() => {
      over.abort();
      if (this.#stuckSince === call) this.#stuckSince = undefined;
    });
    const late = host.clock.sleep(timeoutSeconds * 1000 + KILL_GRACE_MS, over.signal).then(
      () => {
        this.#stuckSince = call;
        throw this.stuck;
      },
      () => running, // The call ended in time.
    );
    running.catch(() => undefined); // After a timeout no one awaits the call.
    return Promise.race([running, late]);
  }
}

async function findStuckProcess(host: Host, name: string): Promise<StuckCall | undefined> {
  const { files } = host;
  const pids = (await files.list("/proc")).filter((entry) => /^\d+$/.test(entry));
  const names = await Promise.all(pids.map((pid) => files.read(`/proc/${pid}/comm`).catch(() => undefined))); // It has ended.
  const uptime = Number.parseFloat((await files.read("/proc/uptime")) ?? "0");
  for (const [index, pid] of pids.entries()) {
    if (names[index]?.trim() !== name) continue;
    const stat = await files.read(`/proc/${pid}/stat`).catch(() => undefined); // It has ended.
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
    const seconds = Math.round(uptime - Number(fields[19]) / TICKS_PER_SECOND);
    if (fields[0] === "D" && seconds >= STUCK_AFTER_SECONDS) return { pid: Number(pid), seconds };
  }
  return undefined;
}

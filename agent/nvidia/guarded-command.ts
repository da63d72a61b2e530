// Runs NVIDIA's programs under a limit that holds even when the driver does not let go of them: a process in an uninterruptible
// wait of the kernel survives SIGKILL. It is not waited for, and no other one is started beside it, which would only hang, too.
import { describe, type SatelliteError } from "../errors.ts";
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

/** A process, for as long as it lives. */
interface Left {
  readonly pid: number;
  readonly startTicks: number;
}

/** One program, of which one process runs at a time. */
export class GuardedCommand {
  readonly #options: GuardedCommandOptions;
  /** A call that has not come back. */
  #call: { readonly args: readonly string[]; readonly sinceMs: number } | undefined;
  /** The process of a call that was given up. */
  #left: Left | undefined;

  constructor(options: GuardedCommandOptions) {
    this.#options = options;
  }

  /** Says why no call can be made now; undefined when one can. */
  async findStuck(): Promise<SatelliteError | undefined> {
    const { host, explainStuck } = this.#options;
    if (this.#call !== undefined) {
      const { args, sinceMs } = this.#call;
      return explainStuck({ args, seconds: Math.round((host.clock.monotonic() - sinceMs) / 1000) });
    }
    if (this.#left === undefined) return undefined;
    const { pid, startTicks } = this.#left;
    const now = await readState(host, pid);
    if (now?.startTicks === startTicks && now.state !== "Z")
      return explainStuck({ pid, seconds: await readAge(host, startTicks) });
    this.#left = undefined;
    return undefined;
  }

  /** Looks for a stuck process that is not ours. @throws what explainStuck makes of it */
  async refuseBesideOthers(): Promise<void> {
    const { host, name, explainStuck } = this.#options;
    const found = await findWaiting(host, name, STUCK_AFTER_SECONDS);
    if (found !== undefined) throw explainStuck({ pid: found.pid, seconds: await readAge(host, found.startTicks) });
  }

  /** Runs the program. @throws command-missing, command-timeout, or what explainStuck makes of a call that cannot be killed */
  async run(path: string, args: readonly string[], timeoutSeconds: number): Promise<RunResult> {
    const stuck = await this.findStuck();
    if (stuck !== undefined) throw stuck;
    const { host } = this.#options;
    const call = { args, sinceMs: host.clock.monotonic() };
    const over = new AbortController();
    const running = this.#end(host.run(path, args, { timeoutSeconds }), call, timeoutSeconds).finally(() =>
      over.abort(),
    );
    const late = host.clock.sleep(timeoutSeconds * 1000 + KILL_GRACE_MS, over.signal).then(
      async () => {
        this.#call = call;
        throw await this.findStuck();
      },
      () => running, // The call ended in time.
    );
    running.catch(() => undefined); // After a timeout no one awaits the call.
    return Promise.race([running, late]);
  }

  /** Waits for the end of a call. A call that was given up may leave its process running. */
  async #end(running: Promise<RunResult>, call: object, timeoutSeconds: number): Promise<RunResult> {
    const { host, name } = this.#options;
    try {
      return await running;
    } catch (error) {
      if (describe(error).code !== "command-timeout") throw error;
      this.#left = await findWaiting(host, name, timeoutSeconds);
      if (this.#call === call) this.#call = undefined;
      throw (await this.findStuck()) ?? error;
    } finally {
      if (this.#call === call) this.#call = undefined;
    }
  }
}

/** Finds a process of this name that waits in the kernel, and is this old at least. */
async function findWaiting(host: Host, name: string, minSeconds: number): Promise<Left | undefined> {
  const { files } = host;
  const pids = (await files.list("/proc")).filter((entry) => /^\d+$/.test(entry));
  const names = await Promise.all(pids.map((pid) => files.read(`/proc/${pid}/comm`).catch(() => undefined))); // It has ended.
  for (const [index, pid] of pids.entries()) {
    if (names[index]?.trim() !== name) continue;
    const found = await readState(host, Number(pid));
    if (found?.state !== "D" || (await readAge(host, found.startTicks)) < minSeconds) continue;
    return { pid: Number(pid), startTicks: found.startTicks };
  }
  return undefined;
}

/** State and start of a process; undefined when there is none. */
async function readState(host: Host, pid: number): Promise<{ state: string; startTicks: number } | undefined> {
  const stat = await host.files.read(`/proc/${pid}/stat`).catch(() => undefined); // It has ended.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined ? undefined : { state: fields[0] ?? "", startTicks: Number(fields[19]) };
}

async function readAge(host: Host, startTicks: number): Promise<number> {
  const uptime = Number.parseFloat((await host.files.read("/proc/uptime")) ?? "0");
  return Math.round(uptime - startTicks / TICKS_PER_SECOND);
}

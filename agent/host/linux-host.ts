// The real machine.
import { readFile } from "node:fs/promises";
import { arch, cpus, networkInterfaces, hostname as readHostname, release as readKernel, totalmem } from "node:os";
import { setTimeout as sleepFor } from "node:timers/promises";
import { parseEnv } from "node:util";
import { ExecaError, execa } from "execa";
import { SatelliteError } from "../errors.ts";
import { resolveName } from "./dns.ts";
import { download } from "./download.ts";
import { callGrpc } from "./grpc.ts";
import type { Child, Host, RunOptions, RunResult, SystemInformation } from "./host.ts";
import { fetchHttp, followLines } from "./http.ts";
import { createLinuxFiles } from "./linux-files.ts";

const DEFAULT_TIMEOUT_SECONDS = 30;

/** Creates the handle on this machine. */
export function createLinuxHost(): Host {
  return {
    files: createLinuxFiles(),
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep: (milliseconds, signal) => sleepFor(milliseconds, undefined, signal === undefined ? {} : { signal }),
    },
    hostname: readHostname(),
    userId: process.geteuid?.() ?? -1,
    processId: process.pid,
    random: Math.random,
    run: runCommand,
    spawn: spawnChild,
    kill: killProcess,
    fetch: fetchHttp,
    download,
    resolve: resolveName,
    follow: followLines,
    grpc: callGrpc,
    systemInformation: createSystemReader(),
  };
}

async function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutSeconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const running = execa(command, args, {
    reject: false,
    stdin: "ignore",
    timeout: timeoutSeconds * 1000,
    killSignal: "SIGKILL",
    detached: options.isGroup ?? false,
    // Only a command that gets systemd's socket explicitly may use it: systemctl's helpers would notify in our name, and systemd would log a refusal.
    env: { NOTIFY_SOCKET: undefined, ...options.environment },
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  const result = await (options.isGroup === true ? endingGroup(running, timeoutSeconds) : running);
  if (result.timedOut) {
    throw new SatelliteError("command-timeout", `${command} ${args.join(" ")} did not end in ${timeoutSeconds} s`, {
      hint: `Run it by hand to see where it hangs.`,
    });
  }
  if (result.exitCode === undefined && result.signal === undefined) throw missing(command, result);
  return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/** Children that a command leaves behind hold its output open, so the wait for its end would never end. */
async function endingGroup<T>(running: PromiseLike<T> & { readonly pid?: number }, timeoutSeconds: number): Promise<T> {
  const { pid } = running;
  const timer = setTimeout(() => pid !== undefined && killProcess(-pid, "SIGKILL"), timeoutSeconds * 1000);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}

function spawnChild(command: string, args: readonly string[], environment: Readonly<Record<string, string>>): Child {
  const started = execa(command, args, {
    reject: false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    extendEnv: false,
    cleanup: false,
    env: { ...environment },
  });
  if (started.pid === undefined) throw missing(command, undefined);
  return {
    pid: started.pid,
    stdout: started.stdout,
    stderr: started.stderr,
    exited: started.then(({ exitCode, signal }) => ({ exitCode, signal })),
    kill: (signal) => void started.kill(signal),
  };
}

function missing(command: string, cause: unknown): SatelliteError {
  return new SatelliteError("command-missing", `${command} could not be started`, {
    hint: `Check that ${command} exists and is executable (ls -l, PATH).`,
    ...(cause instanceof ExecaError ? { cause } : {}),
  });
}

function killProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ESRCH") return false;
    throw error;
  }
}

/** Reads the kernel's answers and /etc/os-release each time: a distribution may be upgraded while the daemon runs. */
function createSystemReader(): () => Promise<SystemInformation> {
  // It costs milliseconds to read, and does not change.
  const cpuCount = cpus().length;
  return async () => {
    const [memory, release] = await Promise.all([
      readFile("/proc/meminfo", "utf8"),
      readFile("/etc/os-release", "utf8").catch(() => ""), // os-release(5): it may be missing.
    ]);
    const swapKibibytes = /^SwapTotal:\s+(\d+) kB$/m.exec(memory)?.[1];
    return {
      hostname: readHostname(),
      architecture: arch(),
      kernel: readKernel(),
      operatingSystem: parseEnv(release).PRETTY_NAME ?? "Linux",
      cpuCount,
      memoryBytes: totalmem(),
      swapBytes: Number(swapKibibytes ?? 0) * 1024,
      addresses: Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
        addresses
          .filter(({ internal }) => !internal)
          .map(({ address, family }) => ({ interface: name, address, family })),
      ),
    };
  };
}

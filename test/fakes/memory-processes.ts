// Processes in memory: what a test scripts, visible below /proc as the real ones are.
import { PassThrough } from "node:stream";
import type { Child, ChildExit, Clock, Signal } from "../../agent/host/host.ts";
import type { MemoryFiles } from "./memory-files.ts";

export interface ProcessOptions {
  /** The command's name, as in /proc/PID/comm. */
  readonly name: string;
  readonly unit?: string;
  /** Its cgroup, in place of the unit's. */
  readonly cgroup?: string;
  /** Default root. */
  readonly userId?: number;
  /** Default the machine's own. */
  readonly namespaces?: Readonly<Partial<Record<"pid" | "mnt", string>>>;
  /** What the process makes of a SIGTERM; it ends by default. SIGKILL always ends it. */
  readonly onTerm?: (process: MemoryProcess) => void;
  /** Waits in the kernel: no signal ends it. */
  readonly isStuck?: boolean;
  /** What it writes to standard error when it gets SIGQUIT, which ends it. */
  readonly goroutines?: readonly string[];
}

/** One process, from its start to its end. */
export class MemoryProcess implements Child {
  readonly pid: number;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exited: Promise<ChildExit>;
  /** Signals that it has got. */
  readonly signals: Signal[] = [];
  readonly #onTerm: ((process: MemoryProcess) => void) | undefined;
  readonly #exit: (exit: ChildExit) => void;
  readonly #isStuck: boolean;
  readonly #goroutines: readonly string[];
  #isAlive = true;

  constructor(pid: number, { onTerm, isStuck = false, goroutines = [] }: ProcessOptions, onGone: () => void) {
    const { promise, resolve } = Promise.withResolvers<ChildExit>();
    this.pid = pid;
    this.exited = promise;
    this.#onTerm = onTerm;
    this.#isStuck = isStuck;
    this.#goroutines = goroutines;
    this.#exit = (exit) => {
      if (!this.#isAlive) return;
      this.#isAlive = false;
      onGone();
      this.stdout.end();
      this.stderr.end();
      resolve(exit);
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Writes a line to standard error, where klog writes. */
  say(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  exit(exitCode: number): void {
    this.#exit({ exitCode, signal: undefined });
  }

  kill(signal: Signal): void {
    this.signals.push(signal);
    if (this.#isStuck || signal === "SIGCONT") return;
    if (signal === "SIGQUIT") for (const line of this.#goroutines) this.say(line);
    if (signal === "SIGTERM" && this.#onTerm !== undefined) this.#onTerm(this);
    else this.#exit({ exitCode: undefined, signal });
  }
}

/** The process table. */
export class MemoryProcesses {
  readonly #files: MemoryFiles;
  readonly #clock: Clock;
  readonly #byPid = new Map<number, MemoryProcess>();
  readonly #bootMs: number;
  #lastPid = 100;

  constructor(files: MemoryFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
    this.#bootMs = clock.now() - 3_600_000;
    files.put("/proc/stat", `cpu 1 2 3\nbtime ${this.#bootMs / 1000}\n`);
  }

  /** Starts a process; `pid` gives it a number that was used before. */
  start(options: ProcessOptions, pid: number = this.#nextPid()): MemoryProcess {
    const folder = `/proc/${pid}`;
    const started = new MemoryProcess(pid, options, () => {
      this.#byPid.delete(pid);
      this.#files.drop(folder);
      for (const kind of ["pid", "mnt"]) this.#files.dropLink(`${folder}/ns/${kind}`);
    });
    const startTicks = (this.#clock.now() - this.#bootMs) / 10;
    const fields = ["S", "1", ...Array.from({ length: 17 }, () => "0"), String(startTicks), "0"];
    this.#files.put(`${folder}/stat`, `${pid} (${options.name}) ${fields.join(" ")}\n`);
    this.#files.put(`${folder}/comm`, `${options.name}\n`);
    this.#files.put(`${folder}/cgroup`, `0::${options.cgroup ?? `/system.slice/${options.unit ?? ""}`}\n`);
    const { userId = 0, namespaces = {} } = options;
    const users = Array.from({ length: 4 }, () => userId).join("\t");
    this.#files.put(`${folder}/status`, `Name:\t${options.name}\nUid:\t${users}\nGid:\t${users}\n`);
    for (const [kind, id] of Object.entries(namespaces)) this.#files.putLink(`${folder}/ns/${kind}`, `${kind}:[${id}]`);
    this.#byPid.set(pid, started);
    return started;
  }

  #nextPid(): number {
    this.#lastPid += 1;
    return this.#lastPid;
  }

  kill(pid: number, signal: Signal): boolean {
    const found = this.#byPid.get(pid);
    found?.kill(signal);
    return found !== undefined;
  }

  get(pid: number): MemoryProcess | undefined {
    return this.#byPid.get(pid);
  }
}

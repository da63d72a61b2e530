// kubelet as the daemon's child: started when its inputs are there, restarted when they change or when it ends, never run twice.
import type { ConditionBoard } from "../board/conditions.ts";
import type { Child, ChildExit, Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { Backoff } from "../loop/backoff.ts";
import type { KubeletCommand } from "../plan/node-plan.ts";
import { isCutOff, isTokenRefused } from "./api-trouble.ts";
import { endChild, readLines, unlessAborted } from "./child.ts";
import { countFailedPull, failedPullOf } from "./failed-pull.ts";
import { dumpGoroutines, GoroutineDump } from "./goroutine-dump.ts";
import type { KlogLine } from "./klog.ts";
import { CRASH_LOOP_EXITS, createExitBackoff, createStartBackoff, FIRST_START_RETRY_MS } from "./kubelet-backoff.ts";
import { describeEnd, exitedError, stuckError } from "./kubelet-errors.ts";
import { KubeletLog } from "./kubelet-log.ts";
import { kubeletMetrics, kubeletStatus } from "./kubelet-report.ts";
import type { KubeletState, RunningKubelet } from "./kubelet-state.ts";
import { lastErrorOf } from "./last-error.ts";
import { endOrphanKubelet, recordKubelet } from "./orphan-kubelet.ts";

/** What kubelet should run with. The digest covers the command and every file that kubelet reads only at its start. */
export interface KubeletSpec {
  readonly command: KubeletCommand;
  readonly digest: string;
}

export interface KubeletOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: ConditionBoard;
  /** Where pid and start time are kept, so that a later daemon recognises a kubelet that was left behind. */
  readonly processFile: string;
  /** Where a kubelet that hung leaves what its goroutines did. */
  readonly dumpFile: string;
  readonly stopSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Makes sure that kubelet's files are in place and that nothing is in the way, and returns what they are for: kubelet is started
   * with exactly that. What it throws delays the start.
   */
  readonly prepare: (signal: AbortSignal) => Promise<KubeletSpec>;
  readonly emit: (event: KubeletEvent) => void;
}

export type KubeletEvent =
  /** The API server refused kubelet's token. */
  | { readonly kind: "kubelet-unauthorized" }
  /** kubelet could not renew its Lease or its Node's status: it asks the API server more often than the daemon does. */
  | { readonly kind: "kubelet-cut-off" }
  /** kubelet ended, by itself or on request, and is started again. */
  | { readonly kind: "kubelet-ended"; readonly reason: string; readonly message: string };

/** Why a running kubelet is ended to be started again. */
export type RestartReason = "configuration-changed" | "node-gone" | "node-address-changed" | "hung";

/** Supervises one kubelet. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #backoff: Backoff;
  readonly #startBackoff: Backoff;
  #spec: KubeletSpec | undefined;
  #running: RunningKubelet | undefined;
  #restarts = 0;
  readonly #restartsByReason = new Map<string, number>();
  /** Images that could not be pulled since the start, by registry. */
  readonly failedPulls = new Map<string, number>();
  #lastExit: string | undefined;
  #lastError: string | undefined;
  /** Why the running kubelet is to end; undefined while it should run. */
  #restartReason: RestartReason | undefined;
  /** Takes kubelet's lines while it is asked for its goroutines. */
  #dump: GoroutineDump | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#backoff = createExitBackoff(options.host.random);
    this.#startBackoff = createStartBackoff(options.host.random);
  }

  get state(): KubeletState {
    const { child, startedAtMs, beganMs } = this.#running ?? {};
    return {
      pid: child?.pid,
      startedAtMs,
      ageMs: beganMs === undefined ? undefined : this.#options.host.clock.monotonic() - beganMs,
      restarts: this.#restarts,
      restartsByReason: Object.fromEntries(this.#restartsByReason),
      lastExit: this.#lastExit,
    };
  }

  status() {
    return kubeletStatus(this.state);
  }

  metrics() {
    return kubeletMetrics(this);
  }

  /** Says what kubelet should run with; a running one with other inputs is restarted. */
  want(spec: KubeletSpec): void {
    const isChanged = this.#spec?.digest !== spec.digest;
    this.#spec = spec;
    if (this.#running !== undefined && this.#running.digest !== spec.digest) this.restart("configuration-changed");
    else if (isChanged) this.#wakeUp();
  }

  /** Ends the running kubelet and starts it again at once. */
  restart(reason: RestartReason): void {
    if (this.#running === undefined) return;
    this.#restartReason = reason;
    this.#wakeUp();
  }

  /** Keeps kubelet running until the signal aborts, then ends it. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wakeUp(), { once: true });
    const { board } = this.#options;
    await endOrphanKubelet({ ...this.#options, onStuck: (error) => board.setFailed("KubeletRunning", error) }, signal);
    while (!signal.aborted) {
      if (this.#spec === undefined) {
        await this.#idle(signal);
        continue;
      }
      const waitMs = await this.#runOnce(signal);
      if (waitMs > 0) await this.#idle(signal, waitMs);
    }
  }

  /** One life of kubelet; returns how long to wait before the next, in milliseconds. */
  async #runOnce(signal: AbortSignal): Promise<number> {
    const { host, log, board, prepare } = this.#options;
    let child: Child;
    try {
      const wanted = this.#spec;
      // It may wait for a round of convergence that hangs: that must not keep the agent from stopping.
      const spec = await unlessAborted(prepare(signal), signal);
      if (signal.aborted) return 0;
      // What is prepared is the newest there is, unless another has been asked for meanwhile.
      if (this.#spec === wanted) this.#spec = spec;
      child = this.#spawn(spec);
      if (this.#spec?.digest !== spec.digest) this.#restartReason = "configuration-changed";
      this.#startBackoff.reset();
    } catch (error) {
      if (!signal.aborted) board.setFailed("KubeletRunning", error);
      return Math.max(FIRST_START_RETRY_MS, this.#startBackoff.next(0));
    }
    const beganMs = host.clock.monotonic();
    await recordKubelet(this.#options, child.pid);
    // In a crash loop a start is not worth a report: the health loop reports a kubelet that has run for a while.
    if (this.#backoff.failures < CRASH_LOOP_EXITS)
      board.setTrue("KubeletRunning", "Running", `kubelet runs with pid ${child.pid}`);
    log.info({ pid: child.pid, restarts: this.#restarts }, "kubelet started");

    const exit = await this.#untilExitOrRequest(child, signal);
    this.#running = undefined;
    if (signal.aborted) return 0;
    const ranForMs = host.clock.monotonic() - beganMs;
    this.#count(exit === undefined ? (this.#restartReason ?? "requested") : "exited", ranForMs);
    if (exit !== undefined) return this.#reportExit(exit, ranForMs);
    if (this.#restartReason === "hung") return this.#backoff.next(ranForMs);
    this.#backoff.reset();
    return 0;
  }

  #count(reason: string, ranForMs: number): void {
    this.#restarts += 1;
    this.#restartsByReason.set(reason, (this.#restartsByReason.get(reason) ?? 0) + 1);
    const message = `kubelet was ended after ${(ranForMs / 1000).toFixed(1)} s, and is started again`;
    if (reason !== "exited") this.#options.emit({ kind: "kubelet-ended", reason, message });
  }

  #spawn({ command, digest }: KubeletSpec): Child {
    const { host, log, environment } = this.#options;
    this.#lastError = undefined;
    this.#restartReason = undefined;
    const child = host.spawn(command.path, command.args, environment);
    this.#running = { child, digest, startedAtMs: host.clock.now(), beganMs: host.clock.monotonic() };
    const lines = new KubeletLog(log, host.clock, (line) => this.#onLine(line));
    readLines(child, (line) => (this.#dump ?? lines).write(line));
    void child.exited.then(() => lines.flush());
    return child;
  }

  /** Undefined when kubelet was ended on request. */
  async #untilExitOrRequest(child: Child, signal: AbortSignal): Promise<ChildExit | undefined> {
    const { host, log, stopSeconds } = this.#options;
    let exit: ChildExit | undefined;
    const exited = child.exited.then((how) => {
      exit = how;
    });
    while (exit === undefined && this.#restartReason === undefined && !signal.aborted)
      await Promise.race([exited, this.#wake.promise]);
    if (exit !== undefined) return exit;
    log.info({ pid: child.pid, reason: this.#restartReason ?? "the agent is stopping" }, "ending kubelet");
    if (this.#restartReason === "hung") await this.#keepDump(child);
    if (!(await endChild(host, child, stopSeconds))) await this.#untilUnstuck(child, signal);
    return undefined;
  }

  async #keepDump(child: Child): Promise<void> {
    this.#dump = new GoroutineDump();
    await dumpGoroutines(this.#options, child, this.#dump);
    this.#dump = undefined;
  }

  /** A second kubelet beside one that cannot be killed would fight it for the pods. The end of the agent waits for nothing. */
  async #untilUnstuck(child: Child, signal: AbortSignal): Promise<void> {
    this.#options.board.setFailed("KubeletRunning", stuckError(child.pid));
    await unlessAborted(child.exited, signal).catch(() => this.#options.log.error({ err: stuckError(child.pid) }));
  }

  #reportExit(exit: ChildExit, ranForMs: number): number {
    const { board, log, emit } = this.#options;
    const waitMs = this.#backoff.next(ranForMs);
    this.#lastExit = describeEnd(exit, ranForMs, this.#lastError);
    const { failures } = this.#backoff;
    const isLoop = failures >= CRASH_LOOP_EXITS;
    const message = `${this.#lastExit}${isLoop ? `, ${failures} times in a row` : ""}; it is started again in ${(waitMs / 1000).toFixed(1)} s`;
    if (!isLoop) log.warn({ restarts: this.#restarts }, message);
    if (failures <= CRASH_LOOP_EXITS) emit({ kind: "kubelet-ended", reason: "exited", message });
    board.setFailed("KubeletRunning", exitedError(message, isLoop));
    return waitMs;
  }

  #onLine(line: KlogLine): void {
    if (line.isError) this.#lastError = lastErrorOf(line) ?? this.#lastError;
    if (line.level === "debug") return;
    const registry = failedPullOf(line);
    if (registry !== undefined) countFailedPull(this.failedPulls, registry);
    if (isTokenRefused(line)) this.#options.emit({ kind: "kubelet-unauthorized" });
    if (isCutOff(line)) this.#options.emit({ kind: "kubelet-cut-off" });
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  /** Waits for a wake-up, or, when a time is given, for that at most. */
  async #idle(signal: AbortSignal, milliseconds?: number): Promise<void> {
    const wake = this.#wake.promise;
    if (milliseconds === undefined) return wake;
    const cancel = new AbortController();
    const sleep = this.#options.host.clock.sleep(milliseconds, AbortSignal.any([signal, cancel.signal]));
    await Promise.race([wake, sleep.catch(() => undefined)]); // A sleep that was cut short has ended like any other.
    cancel.abort();
  }
}

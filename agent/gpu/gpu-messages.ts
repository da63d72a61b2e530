// What the kernel logs of the GPUs and NVSwitches, from the boot on: faults are handed on at once, everything else is logged for a reader.
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { followKernelLog } from "../xid/kernel-log.ts";
import { KERNEL_TOKENS, KernelMessages } from "../xid/xid.ts";
import { explainQuietXid } from "../xid/xid-catalogue.ts";
import { applyPolicy, type XidPolicy } from "../xid/xid-policy.ts";
import { type Xid, XidRecord } from "../xid/xid-record.ts";

export interface GpuMessagesOptions {
  readonly host: Host;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Xids that the administrator takes for no fault. */
  readonly policy: XidPolicy;
  /** A fault began, became worse or ended. */
  readonly onNews: () => void;
}

/** An Xid that is no fault is logged once in this time. */
const QUIET_MS = 10 * 60_000;

/** Follows the kernel's log once it is asked to. */
export class GpuMessages {
  readonly #options: GpuMessagesOptions;
  readonly #record = new XidRecord();
  #messages = new KernelMessages();
  /** When each Xid of the record was logged last, so it has no more entries than the record. */
  readonly #loggedMs = new Map<string, number>();
  #problem: string | undefined;
  /** When the daemon began to follow the log, seconds after the boot. */
  #startedSeconds = 0;
  /** Ends when the kernel's log is no longer followed. */
  following: Promise<void> | undefined;

  constructor(options: GpuMessagesOptions) {
    this.#options = options;
  }

  /** Why the log cannot be followed; undefined when it can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Lists every Xid and SXid of this boot. */
  list(): readonly Xid[] {
    return this.#record.list();
  }

  /** Begins to follow the log; once. @throws file-unreadable */
  async follow(): Promise<void> {
    if (this.following !== undefined) return;
    const { host, log, signal } = this.#options;
    this.#startedSeconds = Number.parseFloat((await host.files.read("/proc/uptime")) ?? "0");
    const onStart = () => {
      this.#record.restart();
      this.#messages = new KernelMessages();
    };
    const onProblem = (problem: string | undefined) => {
      this.#problem = problem;
    };
    const onLine = (line: string) => this.#onLine(line);
    this.following = followKernelLog({ host, log, tokens: KERNEL_TOKENS, onStart, onLine, onProblem }, signal);
  }

  #onLine(text: string): void {
    const read = this.#messages.read(text);
    if (read === undefined) return;
    const line = applyPolicy(read, this.#options.policy);
    const before = line.kind === "xid" ? this.#record.find(line) : undefined;
    const xid = this.#record.take(line);
    // An earlier run has logged what came before the daemon's start.
    if (xid?.isStanding === false && line.atSeconds >= this.#startedSeconds) this.#tell(xid);
    // A known fault is only counted: a GPU can repeat itself thousands of times a second.
    const isKnown = before?.isStanding === true && before.action === xid?.action;
    if (line.kind !== "xid" || (xid?.isStanding === true && !isKnown)) this.#options.onNews();
  }

  #tell({ busId, xid, text, action, isSwitch }: Xid): void {
    const { host, log, policy } = this.#options;
    const chosen = isSwitch === true ? undefined : policy[xid];
    if (chosen === "ignore") return;
    const key = `${busId} ${xid}`;
    const now = host.clock.monotonic();
    if (now - (this.#loggedMs.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#loggedMs.set(key, now);
    if (isSwitch === true)
      log.info({ nvSwitch: busId, sxid: xid }, `an event of an NVSwitch that is not fatal: SXid ${xid}: ${text}`);
    else if (chosen === "warn") log.warn({ gpu: busId, xid }, `a warning by gpu.xids: Xid ${xid}: ${text}`);
    else log.info({ gpu: busId, xid }, `${explainQuietXid(xid, action)}: Xid ${xid}: ${text}`);
  }
}

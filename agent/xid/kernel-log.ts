// Follows the kernel's log through dmesg, which waits in a read of /dev/kmsg. The kernel's buffer holds this boot only. It is read from
// its beginning, so the daemon also sees what was logged before it started. A dmesg that does not run is killed and started again.
import { describe } from "../errors.ts";
import type { Child, Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";

export interface KernelLogOptions {
  readonly host: Host;
  readonly log: Log;
  /** Only lines that contain one of them are delivered. */
  readonly tokens: readonly string[];
  /** Receives a line as `dmesg --raw` prints it: `<4>[ 1234.567890] words`. */
  readonly onLine: (line: string) => void;
  /** Called whenever dmesg starts to read the buffer from its beginning. */
  readonly onStart: () => void;
  /** Says why the log cannot be followed, and undefined when it can be again. */
  readonly onProblem?: (problem: string | undefined) => void;
}

const ARGS = ["--follow", "--raw"];
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 300_000;
const HEALTHY_MS = 60_000;
/** How often the state of dmesg is read. */
const STATE_EVERY_MS = 30_000;
/** States of proc(5) in which a process does not read: uninterruptible in the kernel, stopped, traced. Twice in a row is no coincidence. */
const STANDING_STILL = /^[DTt]$/;
/** Time for SIGKILL to take effect. A process that still exists afterwards hangs in the kernel. */
const KILL_GRACE_MS = 2000;
/** The kernel cuts a record at 1 KiB: anything longer is not a line of its log. */
const MAX_LINE_LENGTH = 8192;

/** Follows the kernel's log until the signal aborts. Without dmesg it retries with growing pauses. Never throws. */
export async function followKernelLog(options: KernelLogOptions, signal: AbortSignal): Promise<void> {
  const { host, log, onProblem } = options;
  const backoff = new Backoff({
    firstMs: FIRST_RETRY_MS,
    maxMs: MAX_RETRY_MS,
    resetAfterMs: HEALTHY_MS,
    random: host.random,
  });
  while (!signal.aborted) {
    const startedMs = host.clock.monotonic();
    const problem = await followOnce(options, signal).catch((error: unknown) => describe(error).message);
    if (signal.aborted) return;
    const waitMs = backoff.next(host.clock.monotonic() - startedMs);
    if (backoff.failures >= 2) onProblem?.(problem);
    if (backoff.failures === 2)
      log.warn({ problem }, "the kernel's log cannot be followed: faults of GPUs may be missed");
    await host.clock.sleep(Math.max(waitMs, FIRST_RETRY_MS), signal).catch(() => undefined); // Cut short by the abort.
  }
}

/** Resolves with the reason why dmesg ended. */
async function followOnce(options: KernelLogOptions, signal: AbortSignal): Promise<string> {
  const { host, tokens, onLine, onStart, onProblem } = options;
  const child: Child = host.spawn("dmesg", ARGS, ENVIRONMENT);
  const end = () => child.kill("SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  onStart();
  const filter = createLineFilter(tokens, onLine);
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    onProblem?.(undefined);
    filter(piece);
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-200);
  });
  const ended = new AbortController();
  const standstill = watchState(options, child, AbortSignal.any([signal, ended.signal]));
  const { exitCode, signal: endedBy } = await child.exited;
  ended.abort();
  signal.removeEventListener("abort", end);
  return (await standstill) ?? `dmesg ended with ${endedBy ?? exitCode}: ${output.trim()}`;
}

/** Kills a dmesg that stands still, and reports one that cannot be killed. No other is started beside it. */
async function watchState(
  { host, onProblem }: KernelLogOptions,
  child: Child,
  signal: AbortSignal,
): Promise<string | undefined> {
  let isStill = false;
  for (;;) {
    await host.clock.sleep(STATE_EVERY_MS, signal).catch(() => undefined); // Cut short by the end of dmesg.
    if (signal.aborted) return undefined;
    const wasStill = isStill;
    const state = await readState(host, child.pid);
    isStill = STANDING_STILL.test(state);
    if (!isStill || !wasStill) continue;
    child.kill("SIGKILL");
    await host.clock.sleep(KILL_GRACE_MS, signal).catch(() => undefined); // Cut short by the end of dmesg.
    const words = `dmesg (process ${child.pid}) stood still in state ${state} of proc(5)`;
    if (!signal.aborted) onProblem?.(`${words} and cannot be killed; no other is started meanwhile`);
    return words;
  }
}

async function readState(host: Host, pid: number): Promise<string> {
  const stat = await host.files.read(`/proc/${pid}/stat`).catch(() => undefined); // Its end is seen elsewhere.
  return stat?.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) ?? "";
}

/** Creates a function that takes a text in pieces and delivers the lines that contain a token. Other lines are not even cut out. */
export function createLineFilter(tokens: readonly string[], onLine: (line: string) => void): (piece: string) => void {
  let rest = "";
  let isTooLong = false;
  return (piece) => {
    const text = rest + piece;
    const end = text.lastIndexOf("\n");
    const find = createFinder(text, tokens);
    const from = isTooLong ? text.indexOf("\n") : 0;
    for (let at = from === -1 ? -1 : find(from); at !== -1 && at < end; ) {
      const next = text.indexOf("\n", at);
      onLine(text.slice(text.lastIndexOf("\n", at) + 1, next));
      at = find(next);
    }
    if (end !== -1) isTooLong = false;
    rest = text.slice(end + 1);
    if (rest.length <= MAX_LINE_LENGTH) return;
    isTooLong = true;
    rest = "";
  };
}

/** Creates a function that finds the first place of any token from a place on. No part of the text is searched twice for a token. */
function createFinder(text: string, tokens: readonly string[]): (from: number) => number {
  const places = new Map(tokens.map((token) => [token, text.indexOf(token)]));
  return (from) => {
    let first = -1;
    for (const [token, known] of places) {
      const at = known === -1 || known >= from ? known : text.indexOf(token, from);
      places.set(token, at);
      if (at !== -1 && (first === -1 || at < first)) first = at;
    }
    return first;
  };
}

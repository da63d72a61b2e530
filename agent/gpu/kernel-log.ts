// The kernel's log as it is written, through dmesg: it waits in a read of /dev/kmsg, so nobody polls. The kernel's buffer is of
// this boot alone; it is read from its beginning, so what was logged before the daemon started is seen too.
import { describe } from "../errors.ts";
import type { Child, Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";

export interface KernelLogOptions {
  readonly host: Host;
  readonly log: Log;
  /** Only lines that hold it are handed over. */
  readonly token: string;
  /** Receives a line as `dmesg --raw` prints it: `<4>[ 1234.567890] words`. */
  readonly onLine: (line: string) => void;
  /** The buffer is read from its beginning, the first time or again. */
  readonly onStart: () => void;
}

const ARGS = ["--follow", "--raw"];
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 300_000;
const HEALTHY_MS = 60_000;
/** The kernel cuts a record at 1 KiB: what is longer is no line of its log. */
const MAX_LINE_LENGTH = 8192;

/** Follows the kernel's log until the signal aborts; without dmesg it tries again, ever more rarely. Never throws. */
export async function followKernelLog(options: KernelLogOptions, signal: AbortSignal): Promise<void> {
  const { host, log } = options;
  const backoff = new Backoff({
    firstMs: FIRST_RETRY_MS,
    maxMs: MAX_RETRY_MS,
    resetAfterMs: HEALTHY_MS,
    random: host.random,
  });
  while (!signal.aborted) {
    const startedMs = host.clock.now();
    const problem = await followOnce(options, signal).catch((error: unknown) => describe(error).message);
    if (signal.aborted) return;
    const waitMs = backoff.next(host.clock.now() - startedMs);
    if (backoff.failures === 2)
      log.warn({ problem }, "the kernel's log cannot be followed: faults of GPUs may be missed");
    await host.clock.sleep(Math.max(waitMs, FIRST_RETRY_MS), signal).catch(() => undefined); // Cut short by the abort.
  }
}

/** Resolves with how dmesg ended. */
async function followOnce({ host, token, onLine, onStart }: KernelLogOptions, signal: AbortSignal): Promise<string> {
  const child: Child = host.spawn("dmesg", ARGS, ENVIRONMENT);
  const end = () => child.kill("SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  onStart();
  child.stdout.setEncoding("utf8").on("data", createLineFilter(token, onLine));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-200);
  });
  const { exitCode, signal: endedBy } = await child.exited;
  signal.removeEventListener("abort", end);
  return `dmesg ended with ${endedBy ?? exitCode}: ${said.trim()}`;
}

/** Returns what takes a text in pieces and hands over its lines that hold the token; the others are not even cut out. */
export function createLineFilter(token: string, onLine: (line: string) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const text = rest + piece;
    const end = text.lastIndexOf("\n");
    rest = text.length - end > MAX_LINE_LENGTH ? "" : text.slice(end + 1);
    for (let at = text.indexOf(token); at !== -1 && at < end; ) {
      const next = text.indexOf("\n", at);
      onLine(text.slice(text.lastIndexOf("\n", at) + 1, next));
      at = text.indexOf(token, next);
    }
  };
}

// Follows the kernel's log through dmesg, which waits in a read of /dev/kmsg, so nothing polls. The kernel's buffer holds this boot
// only. It is read from its beginning, so the daemon also sees what was logged before it started.
import { describe } from "../errors.ts";
import type { Child, Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";

export interface KernelLogOptions {
  readonly host: Host;
  readonly log: Log;
  /** Only lines that contain it are delivered. */
  readonly token: string;
  /** Receives a line as `dmesg --raw` prints it: `<4>[ 1234.567890] words`. */
  readonly onLine: (line: string) => void;
  /** Called whenever dmesg starts to read the buffer from its beginning. */
  readonly onStart: () => void;
}

const ARGS = ["--follow", "--raw"];
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 300_000;
const HEALTHY_MS = 60_000;
/** The kernel cuts a record at 1 KiB: anything longer is not a line of its log. */
const MAX_LINE_LENGTH = 8192;

/** Follows the kernel's log until the signal aborts. Without dmesg it retries with growing pauses. Never throws. */
export async function followKernelLog(options: KernelLogOptions, signal: AbortSignal): Promise<void> {
  const { host, log } = options;
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
    if (backoff.failures === 2)
      log.warn({ problem }, "the kernel's log cannot be followed: faults of GPUs may be missed");
    await host.clock.sleep(Math.max(waitMs, FIRST_RETRY_MS), signal).catch(() => undefined); // Cut short by the abort.
  }
}

/** Resolves with the reason why dmesg ended. */
async function followOnce({ host, token, onLine, onStart }: KernelLogOptions, signal: AbortSignal): Promise<string> {
  const child: Child = host.spawn("dmesg", ARGS, ENVIRONMENT);
  const end = () => child.kill("SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  onStart();
  child.stdout.setEncoding("utf8").on("data", createLineFilter(token, onLine));
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-200);
  });
  const { exitCode, signal: endedBy } = await child.exited;
  signal.removeEventListener("abort", end);
  return `dmesg ended with ${endedBy ?? exitCode}: ${output.trim()}`;
}

/** Creates a function that takes a text in pieces and delivers the lines that contain the token. Other lines are not even cut out. */
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

// kubelet's log lines as lines of the daemon's log: klog's header gives the severity, the rest is the message.
import type { LogLevel } from "../log.ts";

export interface KlogLine {
  readonly level: LogLevel;
  /** Whether kubelet itself calls it an error: the last such line explains its end. */
  readonly isError: boolean;
  readonly message: string;
}

/**
 * kubelet's order of severity, kept, and shifted below the daemon's own: kubelet logs errors on a healthy start, and hundreds of
 * them while the API server is away, before the daemon has found the one cause. What needs a person is a condition, which quotes
 * kubelet's last error; only a fatal line and a panic stand for themselves.
 */
const LEVELS: Readonly<Record<string, LogLevel>> = { I: "debug", W: "info", E: "notice", F: "error" };

/** `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg` (k8s.io/klog). */
const HEADER = /^([IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d+\s+\d+ [^\]]*\] (.*)$/s;
/** The beginnings of the Go runtime's report of a crash. */
const PANIC = /^(panic: |fatal error: |goroutine \d+ \[|runtime: |SIG[A-Z]+: )/;

/** Reads a line; one without klog's header is a panic, a usage text or a command's output. */
export function parseKlogLine(line: string): KlogLine {
  const [, severity = "", message] = HEADER.exec(line) ?? [];
  if (message !== undefined)
    return { level: LEVELS[severity] ?? "debug", isError: severity === "E" || severity === "F", message };
  if (isPanic(line)) return { level: "error", isError: true, message: line };
  const isError = /^Error\b/.test(line);
  return { level: isError ? "notice" : "debug", isError, message: line };
}

/** Whether a line is the first of a Go panic. */
export function isPanic(line: string): boolean {
  return PANIC.test(line);
}

/** Whether a line begins with klog's header. */
export function hasKlogHeader(line: string): boolean {
  return HEADER.test(line);
}

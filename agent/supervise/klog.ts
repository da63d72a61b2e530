// kubelet's log lines as ours: klog's header says how bad it is, the rest is the message.
import type { LogLevel } from "../log.ts";

export interface KlogLine {
  readonly level: LogLevel;
  readonly message: string;
}

const LEVELS: Readonly<Record<string, LogLevel>> = { I: "info", W: "warn", E: "error", F: "error" };

/** `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg` (k8s.io/klog). */
const HEADER = /^([IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d+\s+\d+ [^\]]*\] (.*)$/s;

/** A line without klog's header is a panic, a usage text or a command's output. */
export function parseKlogLine(line: string): KlogLine {
  const [, severity = "", message] = HEADER.exec(line) ?? [];
  if (message === undefined)
    return { level: /^(panic|fatal error|Error)\b/.test(line) ? "error" : "info", message: line };
  return { level: LEVELS[severity] ?? "info", message };
}

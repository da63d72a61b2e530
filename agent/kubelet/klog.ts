// kubelet's log lines as lines of the daemon's log: klog's header, or JSON with `logging.format: json`, gives the severity.
import type { LogLevel } from "../log.ts";
import { readJsonLine } from "./klog-json.ts";
import { type KlogContent, readKlogText } from "./klog-text.ts";

export interface KlogLine extends KlogContent {
  readonly level: LogLevel;
  /** Whether kubelet itself calls it an error: the last such line explains its end. */
  readonly isError: boolean;
  /** The file of the sources that wrote it, e.g. `event.go`; undefined without a header. */
  readonly source: string | undefined;
}

/**
 * kubelet's order of severity, kept, and shifted below the daemon's own: kubelet logs errors on a healthy start, and hundreds of
 * them while the API server is away, before the daemon has found the one cause. What needs a person is a condition, which quotes
 * kubelet's last error; only a fatal line and a panic stand for themselves.
 */
const LEVELS: Readonly<Record<string, LogLevel>> = { I: "debug", W: "info", E: "notice", F: "error" };

/** `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg` (k8s.io/klog). */
const HEADER = /^([IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d{1,9} {1,8}\d{1,10} ([^\]]{0,200})\] ?/;
/** The beginnings of the Go runtime's report of a crash. */
const PANIC = /^(panic: |fatal error: |goroutine \d+ \[|runtime: |SIG[A-Z]+: )/;

/** Reads a line; one without a header is a panic, a usage text or a command's output. */
export function parseKlogLine(line: string): KlogLine {
  const [header = "", severity = "", position] = HEADER.exec(line) ?? [];
  if (position !== undefined) {
    const level = LEVELS[severity] ?? "debug";
    const isError = severity === "E" || severity === "F";
    return { level, isError, source: fileOf(position), ...readKlogText(line.slice(header.length)) };
  }
  const json = readJsonLine(line);
  if (json !== undefined) {
    const { isError, caller, ...content } = json;
    return { level: isError ? "notice" : "debug", isError, source: fileOf(caller), ...content };
  }
  const isError = isPanic(line) || /^Error\b/.test(line);
  const level = isPanic(line) ? "error" : isError ? "notice" : "debug";
  return { level, isError, source: undefined, text: line, values: new Map(), message: line };
}

/** Whether a line is the first of a Go panic. */
export function isPanic(line: string): boolean {
  return PANIC.test(line);
}

/** Whether a line begins as kubelet's logger begins one. */
export function isKlogLine(line: string): boolean {
  return HEADER.test(line) || readJsonLine(line) !== undefined;
}

/** The name of a file of `cache/reflector.go:205`. */
function fileOf(position: string): string {
  return position.slice(position.lastIndexOf("/") + 1).split(":")[0] ?? "";
}

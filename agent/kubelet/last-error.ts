// The line of kubelet's that explains its end, fit for a condition that every pod can read.
import { createRedactor } from "../redact/redactor.ts";
import type { KlogLine } from "./klog.ts";

const MAX_LENGTH = 500;
/** The files of kubelet and its libraries that say why it ends. All others may speak of a pod, in the pod's words. */
const SOURCES = new Set(["run.go", "server.go", "kubelet.go", "options.go", "flags.go", "command.go"]);

/** Undefined for a line that says nothing of kubelet itself. */
export function lastErrorOf({ source, message }: KlogLine): string | undefined {
  if (source !== undefined && !SOURCES.has(source)) return undefined;
  return createRedactor([]).text(message).slice(0, MAX_LENGTH);
}

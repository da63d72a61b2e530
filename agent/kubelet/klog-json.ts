// A line of kubelet's with `logging.format: json` (component-base/logs/json): it has no severity, but an error has no verbosity `v`.
import type { KlogContent } from "./klog-text.ts";

export interface JsonLine extends KlogContent {
  readonly isError: boolean;
  /** `folder/file.go:line`. */
  readonly caller: string;
}

/** Of the keys these are the line's own; `errVerbose` and `errCauses` repeat the error. */
const OWN_KEYS = new Set(["ts", "caller", "msg", "v", "err", "errVerbose", "errCauses", "stacktrace"]);
/** The beginning of a line that was cut because it is too long. */
const CUT_LINE =
  /^\{"ts":[\d.]{1,20},(?:"logger":"[^"]{0,100}",)?"caller":"([^"]{1,200})","msg":("(?:[^"\\]|\\.){0,4000}"),("v":)?/;

/** Reads a line; undefined when it is no JSON line of kubelet's. */
export function readJsonLine(line: string): JsonLine | undefined {
  if (!line.startsWith('{"ts":')) return undefined;
  const parsed = parseObject(line) ?? readBeginning(line);
  if (parsed === undefined || typeof parsed.msg !== "string" || typeof parsed.caller !== "string") return undefined;
  const { msg, caller, err } = parsed;
  const others = Object.entries(parsed).filter(([key]) => !OWN_KEYS.has(key));
  const values = new Map([...(err === undefined ? [] : [["err", err] as const]), ...others].map(asText));
  const tail = [...values].map(([key, value]) => ` ${key}=${JSON.stringify(value)}`).join("");
  return {
    isError: !("v" in parsed),
    caller,
    text: msg,
    values,
    message: tail === "" ? msg : `${JSON.stringify(msg)}${tail}`,
  };
}

function asText([key, value]: readonly [string, unknown]): [string, string] {
  return [key, typeof value === "string" ? value : JSON.stringify(value)];
}

function readBeginning(line: string): Record<string, unknown> | undefined {
  const [, caller, quoted, verbosity] = CUT_LINE.exec(line) ?? [];
  if (quoted === undefined) return undefined;
  const msg: unknown = parse(quoted);
  return { caller, msg, cut: line.slice(-100), ...(verbosity === undefined ? {} : { v: 0 }) };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  const value = parse(line);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // It was cut, or it is no JSON.
  }
}

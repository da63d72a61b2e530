// The log: pino with three shapes. `journald` prefixes each line with its priority, `text` is for a terminal, `json` for collectors.
import { type LogFn, type Logger, pino } from "pino";
import { describe } from "./errors.ts";
import { cutText, oneLine, withoutControls } from "./foreign-text.ts";
import { type FoldOptions, foldRepeats } from "./log-fold.ts";

/** The log handle that every part receives; `notice` is syslog's, between info and warning. */
export type Log = Logger<"notice">;

/** The levels that a configuration may name, quietest last. */
export const LOG_LEVELS = ["debug", "info", "notice", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `auto` is `journald` when systemd reads our output (JOURNAL_STREAM is set) and `text` otherwise. */
export const LOG_FORMATS = ["auto", "journald", "text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Logs at a level chosen at run time, as a child process's own lines need. */
export function logAt(log: Log, level: LogLevel): LogFn {
  return log[level].bind(log);
}

/** Longer ones are cut: systemd splits a line at 48 KiB, and gives what follows no priority. */
const MAX_LENGTH = 32 * 1024;

/** Between pino's 30 (info) and 40 (warn). */
const NOTICE_LEVEL = 35;

/** sd-daemon(3): a line that begins with `<N>` is stored with syslog priority N. */
const JOURNAL_PRIORITY: Readonly<Record<string, number>> = {
  debug: 7,
  info: 6,
  notice: 5,
  warn: 4,
  error: 3,
  fatal: 2,
};

/**
 * Creates the log.
 * @param write receives whole lines, each with its newline
 * @param environment the process's variables, of which only JOURNAL_STREAM is read
 */
export function createLog(
  options: { readonly level: LogLevel; readonly format: LogFormat; readonly fold?: FoldOptions },
  write: (line: string) => void,
  environment: Readonly<Record<string, string | undefined>> = {},
): Log {
  const format =
    options.format === "auto" ? (environment.JOURNAL_STREAM === undefined ? "text" : "journald") : options.format;
  // JSON escapes C0's control characters, and no others.
  const render = (line: string) => write(format === "json" ? withoutControls(line) : renderLine(line, format));
  const destination = { write: options.fold === undefined ? render : foldRepeats(render, options.fold) };
  return pino(
    {
      level: options.level,
      customLevels: { notice: NOTICE_LEVEL },
      base: null,
      timestamp: format === "json" ? pino.stdTimeFunctions.isoTime : false,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describe },
    },
    destination,
  );
}

function renderLine(json: string, format: "journald" | "text"): string {
  const { level, msg, err, time: _, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const { code, message, hint } = (err ?? {}) as { code?: string; message?: string; hint?: string };
  // pino takes an error's message for the line's own when it is given no other.
  const parts = message?.startsWith(String(msg)) ? [message] : [msg, message];
  const sentence = parts.filter(Boolean).join(": ");
  const advice = hint === undefined ? "" : ` → ${hint}`;
  const tail = Object.entries(code === undefined ? fields : { ...fields, code })
    .map(([key, value]) => ` ${key}=${renderValue(value)}`)
    .join("");
  const prefix =
    format === "journald" ? `<${JOURNAL_PRIORITY[String(level)] ?? 6}>` : `${String(level).toUpperCase().padEnd(5)} `;
  return `${prefix}${cutText(oneLine(withoutControls(sentence + advice + tail)), MAX_LENGTH)}\n`;
}

function renderValue(value: unknown): string {
  if (typeof value === "string") return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? "undefined";
}

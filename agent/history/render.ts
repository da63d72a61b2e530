// The history as text: a line an entry, oldest first, with the time of this machine and, where it differs, UTC.
import { localTime } from "../time.ts";
import type { TimedEntry } from "./timeline.ts";

const NAME_WIDTH = 24;

/** Renders the entries. @param unreadable lines that a crash has cut, or that a later version has written */
export function renderHistory(entries: readonly TimedEntry[], unreadable: number): string {
  const lines = entries.map((entry) => {
    const { mark, name, text } = renderWords(entry);
    return `${localTime(entry.atMs)}  ${mark} ${name.padEnd(NAME_WIDTH)} ${text}`;
  });
  const left = unreadable === 0 ? [] : [`${unreadable} lines cannot be read, and are left out`];
  return `${[...lines, ...left].join("\n")}\n`;
}

interface Words {
  readonly mark: string;
  readonly name: string;
  readonly text: string;
}

function renderWords(entry: TimedEntry): Words {
  const { kind, name, message } = entry;
  switch (kind) {
    case "start":
      return { mark: "▶", name: "daemon", text: renderStart(entry) };
    case "stop":
      return { mark: "■", name: "daemon", text: `${message}${after(entry, " after ")}; pods keep running` };
    case "condition":
      return renderCondition(entry);
    case "kubelet":
      return { mark: "↻", name: "kubelet", text: `${name}: ${message}` };
    case "service":
      return { mark: "↻", name, text: message };
    case "clock":
      return { mark: "•", name: "clock", text: message };
    case "event":
      return { mark: "•", name, text: `${message}${after(entry, ", after ")}` };
  }
}

function renderStart({ message, isBoot, isUnexpected, isSameProcess, lastedMs }: TimedEntry): string {
  if (isSameProcess) return `${message} on another configuration`;
  const gap = lastedMs === undefined ? "" : `, ${duration(lastedMs)} after the entry before`;
  const end = isUnexpected ? `; ${isBoot ? "the machine" : "the daemon"} did not end in order` : "";
  return `${message}${isBoot ? ", the machine was booted" : ""}${gap}${end}`;
}

function renderCondition({ name, status, reason, message, isRootCause, lastedMs }: TimedEntry): Words {
  const text = `${reason}: ${message}`;
  if (status === "False") return { mark: "✗", name, text: isRootCause ? text : `${text} (a consequence)` };
  const end = lastedMs === undefined ? "" : ` (it was false for ${duration(lastedMs)})`;
  return { mark: status === "True" ? "✓" : "?", name, text: `${text}${end}` };
}

function after({ lastedMs }: TimedEntry, word: string): string {
  return lastedMs === undefined ? "" : `${word}${duration(lastedMs)}`;
}

/** Two units at most: `42 s`, `3 min 5 s`, `5 h 2 min`, `2 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const units = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const parts = units.slice(first, first + 2).map(([size, name], index) => {
    const whole = index === 0 ? seconds : seconds % (units[first]?.[0] ?? 1);
    return { count: Math.floor(whole / size), name };
  });
  return parts
    .filter(({ count }) => count > 0)
    .map(({ count, name }) => `${count} ${name}`)
    .join(" ");
}

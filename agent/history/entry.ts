// One line of the history: what happened, by the time of day, and by the time since the machine's start, which nothing sets.
import * as z from "zod";
import { cutText, oneLine, withoutControls } from "../foreign-text.ts";

/** `start` and `stop` are the daemon's own; `kubelet` its ends; `service` is one that the daemon restarted; `clock` was set. */
const KINDS = ["start", "stop", "condition", "event", "kubelet", "service", "clock"] as const;
export type EntryKind = (typeof KINDS)[number];

const MAX_MESSAGE = 400;
const MAX_NAME = 80;

const entrySchema = z.object({
  /** Milliseconds since the epoch, as the clock then was. */
  at: z.number(),
  /** Milliseconds since the machine's start; absent where the kernel does not say. */
  up: z.number().optional(),
  /** The machine's start, by its beginning of /proc/sys/kernel/random/boot_id. */
  boot: z.string().max(40),
  kind: z.enum(KINDS),
  /** Of a condition its type, of an event its reason, of a service its unit, of an end of kubelet why. */
  name: z.string().max(MAX_NAME),
  status: z.enum(["True", "False", "Unknown"]).optional(),
  reason: z.string().max(MAX_NAME).optional(),
  message: z.string().max(2 * MAX_MESSAGE),
  /** Of a condition: no other failure explained it. */
  isRootCause: z.boolean().optional(),
  /** The daemon's process: two starts of one process are two configurations. */
  pid: z.int().optional(),
});

export type Entry = Readonly<z.infer<typeof entrySchema>>;
/** What happened, before it is known when. */
export type Happening = Omit<Entry, "at" | "up" | "boot">;

/** Renders a line, whatever its words hold: bounded, without controls. */
export function renderEntry(entry: Entry): string {
  const clean = (text: string, max: number) => cutText(oneLine(withoutControls(text)), max);
  const { name, reason, message } = entry;
  const words = {
    name: clean(name, MAX_NAME).slice(0, MAX_NAME),
    message: clean(message, MAX_MESSAGE),
    ...(reason === undefined ? {} : { reason: clean(reason, MAX_NAME).slice(0, MAX_NAME) }),
  };
  return `${JSON.stringify({ ...entry, ...words })}\n`;
}

/** Reads the lines of a file, and counts those that are none: one that a crash has cut, or a later version's. */
export function parseEntries(text: string): { readonly entries: readonly Entry[]; readonly unreadable: number } {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const entries = lines.flatMap((line) => parseEntry(line) ?? []);
  return { entries, unreadable: lines.length - entries.length };
}

function parseEntry(line: string): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined; // It is counted.
  }
}

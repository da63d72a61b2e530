// Reads the ring: the older file, then the newer one.
import type { Host } from "../host/host.ts";
import { type Entry, parseEntries } from "./entry.ts";

export interface HistoryFiles {
  readonly history: string;
  readonly olderHistory: string;
}

export interface ReadHistory {
  /** In the order in which they were written. */
  readonly entries: readonly Entry[];
  /** Lines that are no entries. */
  readonly unreadable: number;
}

/** A file is replaced at this size. */
export const MAX_FILE_BYTES = 128 * 1024;
/** The last write of a file may go beyond it, by what was waiting. */
const MAX_READ_BYTES = 4 * MAX_FILE_BYTES;

/** Reads all that is kept. @throws file-unreadable */
export async function readHistory(host: Host, { history, olderHistory }: HistoryFiles): Promise<ReadHistory> {
  const texts = [olderHistory, history].map(
    async (path) => (await host.files.readWithStatus(path, MAX_READ_BYTES))?.text ?? "",
  );
  const parts = (await Promise.all(texts)).map(parseEntries);
  return {
    entries: parts.flatMap(({ entries }) => entries),
    unreadable: parts.reduce((sum, { unreadable }) => sum + unreadable, 0),
  };
}

/** When the machine was started, and how long ago: what the kernel does not say is empty. */
export async function readBoot(host: Host): Promise<{ readonly boot: string; readonly up?: number }> {
  const read = async (path: string) => (await host.files.read(path).catch(() => undefined)) ?? "";
  const boot = (await read("/proc/sys/kernel/random/boot_id")).trim().slice(0, 8);
  const seconds = Number(/^\d{1,12}(?:\.\d{1,3})?/.exec(await read("/proc/uptime"))?.[0]);
  return Number.isFinite(seconds) ? { boot, up: Math.round(seconds * 1000) } : { boot };
}

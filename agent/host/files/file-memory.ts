// The texts of small files that are read again and again: as long as a file's inode says that nothing has changed, one question to the
// kernel takes the place of the five by which a file is read.
import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { FileStatus } from "../host.ts";
import { readWithStats, toStatus } from "./read.ts";

/** A larger file is read each time. */
const MAX_BYTES = 64 * 1024;
/** Of all texts together. */
const MAX_TOTAL_BYTES = 2 ** 20;
const MAX_FILES = 2048;
/**
 * The kernel's time of a change goes by its tick, 10 ms at most: a second change within the same tick leaves it as it is. So what has
 * changed this short a while ago is not remembered.
 */
const SETTLED_MS = 2000;
/** A program that writes through a mapping leaves the time as it is while the page waits for the disk: such a change is found after this. */
const READ_ANEW_MS = 10 * 60_000;

export interface Remembered {
  readonly stats: Stats;
  readonly text: string;
  readonly readMs: number;
}

export interface Times {
  /** The time of day, by which the kernel dates changes. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

const CLOCKS: Times = { now: () => Date.now(), monotonic: () => performance.now() };

/** Remembers what it has read. */
export class FileMemory {
  readonly #clocks: Times;
  readonly #known = new Map<string, Remembered>();
  #totalBytes = 0;

  constructor(clocks = CLOCKS) {
    this.#clocks = clocks;
  }

  /** What it remembers, by path. */
  known(): ReadonlyMap<string, Remembered> {
    return this.#known;
  }

  /** The whole text, as `readFile` gives it. */
  async read(path: string): Promise<string> {
    const { stats, text } = await this.#find(path, Number.POSITIVE_INFINITY);
    return stats.isFile() ? text : readFile(path, "utf8"); // It says why that is no text.
  }

  /** As read.ts has it. */
  async readWithStatus(path: string, maxBytes: number): Promise<{ status: FileStatus; text: string }> {
    const { stats, text } = await this.#find(path, maxBytes);
    return { status: toStatus(stats), text };
  }

  async #find(path: string, maxBytes: number): Promise<Pick<Remembered, "stats" | "text">> {
    const known = this.#known.get(path);
    if (known !== undefined && this.#isFresh(known) && known.stats.size <= maxBytes) {
      const stats = await stat(path);
      if (isSame(known.stats, stats)) return { stats, text: known.text };
    }
    this.#forget(path);
    const [nowMs, readMs] = [this.#clocks.now(), this.#clocks.monotonic()];
    const read = await readWithStats(path, maxBytes);
    if (nowMs - read.stats.ctimeMs >= SETTLED_MS) this.#keep(path, { ...read, readMs });
    return read;
  }

  #isFresh({ readMs }: Remembered): boolean {
    return this.#clocks.monotonic() - readMs < READ_ANEW_MS;
  }

  #keep(path: string, read: Remembered): void {
    const { size } = read.stats;
    // A file of the kernel's says that it has no bytes.
    if (!read.stats.isFile() || size === 0 || size > MAX_BYTES) return;
    this.#forget(path); // Another read of it may have ended meanwhile.
    if (!this.#hasRoom(size)) this.#forgetStale();
    if (!this.#hasRoom(size)) return; // What is asked in turns would push out each other, and none would be there.
    this.#known.set(path, read);
    this.#totalBytes += size;
  }

  #hasRoom(size: number): boolean {
    return this.#known.size < MAX_FILES && this.#totalBytes + size <= MAX_TOTAL_BYTES;
  }

  #forgetStale(): void {
    for (const [path, known] of this.#known) if (!this.#isFresh(known)) this.#forget(path);
  }

  #forget(path: string): void {
    this.#totalBytes -= this.#known.get(path)?.stats.size ?? 0;
    this.#known.delete(path);
  }
}

/** No user can set the time of an inode's change (ctime), and each change of content, owner or mode sets it. */
function isSame(one: Stats, other: Stats): boolean {
  return (
    one.ctimeMs === other.ctimeMs &&
    one.mtimeMs === other.mtimeMs &&
    one.size === other.size &&
    one.ino === other.ino &&
    one.dev === other.dev
  );
}

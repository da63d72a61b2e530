// The disk behind files in memory: what is on it, and which of it fails.
import { SatelliteError } from "../../agent/errors.ts";
import { unwritable } from "../../agent/host/atomic-write.ts";
import type { FileSystemSpace } from "../../agent/host/files/space.ts";

export interface MemoryFile {
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedMs: number;
}

type Refusal = "ENOSPC" | "EACCES" | "EROFS";

/** The disk as a test sets it up, spoils it and looks at it. */
export class MemoryDisk {
  protected readonly entries = new Map<string, MemoryFile>();
  /** Those that were made, by mode. */
  protected readonly folders = new Map<string, number>();
  protected readonly folderOwners = new Map<string, number>();
  protected readonly links = new Map<string, string>();
  protected readonly unwritable = new Map<string, Refusal>();
  protected readonly unreadable = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Puts a file there without its being a change of the agent's. */
  put(path: string, content: string, options: Partial<MemoryFile> = {}): void {
    this.entries.set(path, { mode: 0o644, uid: 0, gid: 0, modifiedMs: this.#now(), ...options, content });
  }

  putFolder(path: string, mode = 0o755, uid = 0): void {
    this.folders.set(path, mode);
    this.folderOwners.set(path, uid);
  }

  /** Room by path; everywhere else it is {@link defaultSpace}. */
  readonly spaces = new Map<string, FileSystemSpace>();
  readonly defaultSpace: FileSystemSpace = {
    totalBytes: 1e12,
    availableBytes: 5e11,
    totalInodes: 1e7,
    freeInodes: 5e6,
  };

  putLink(path: string, target: string): void {
    this.links.set(path, target);
  }

  /** The file, as it is now. */
  peek(path: string): MemoryFile | undefined {
    return this.entries.get(path);
  }

  /** Where a link leads. */
  peekLink(path: string): string | undefined {
    return this.links.get(path);
  }

  paths(): readonly string[] {
    return [...this.entries.keys()].toSorted();
  }

  /** Takes a file or a whole folder away. */
  drop(path: string): void {
    for (const known of [...this.entries.keys()])
      if (known === path || known.startsWith(`${path}/`)) this.entries.delete(known);
    this.folders.delete(path);
  }

  dropLink(path: string): void {
    this.links.delete(path);
  }

  /** From now on writing to this file, or to anything below this folder, fails. */
  refuseWrites(path: string, refusal: Refusal): void {
    this.unwritable.set(path, refusal);
  }

  allowWrites(): void {
    this.unwritable.clear();
  }

  /** From now on reading this file, or anything below this folder, is not permitted. */
  refuseReads(path: string): void {
    this.unreadable.add(path);
  }

  protected checkWritable(path: string): void {
    for (const [place, code] of this.unwritable) {
      if (path === place || path.startsWith(`${place}/`))
        throw unwritable(path, Object.assign(new Error(code), { code }));
    }
  }

  protected checkReadable(path: string): void {
    for (const place of this.unreadable) {
      if (path !== place && !path.startsWith(`${place}/`)) continue;
      throw unreadable(path);
    }
  }

  protected isFolder(path: string): boolean {
    if (this.entries.has(this.links.get(path) ?? path)) return false;
    return this.folders.has(path) || this.paths().some((known) => known.startsWith(`${path}/`));
  }
}

export function unreadable(path: string): SatelliteError {
  return new SatelliteError("file-unreadable", `${path} could not be read`, { hint: "Run as root." });
}

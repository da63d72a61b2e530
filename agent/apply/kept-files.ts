// The daemon's own files, secrets and records, which no plan holds: what was written last is what stays there.
import { dirname } from "node:path";
import { runPaths, statePaths } from "../config/paths.ts";
import { describe, hasCode, SatelliteError } from "../errors.ts";
import type { Host, WriteOptions } from "../host/host.ts";
import { replacing } from "../host/replacing.ts";
import { Queue } from "../loop/queue.ts";

export interface KeptFolders {
  readonly stateFolder: string;
  readonly runFolder: string;
}

/** What one comparison found. */
export interface KeptRound {
  /** Paths that were put back. */
  readonly repaired: readonly string[];
  /** Why others were not. */
  readonly failures: readonly unknown[];
  /** Why a file cannot be read; undefined when all can. The daemon runs without it. */
  readonly unreadable: SatelliteError | undefined;
}

interface Kept {
  readonly content: string;
  readonly mode: number;
}

/** Only root reads what is in these folders. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** The daemon's own files are some kilobytes. */
const MAX_BYTES = 2 ** 20;

/**
 * Remembers every file that the daemon writes below its two folders, and puts back what another process removes, edits or opens to
 * others. Parts write through {@link host}.
 */
export class KeptFiles {
  readonly #host: Host;
  readonly #folders: readonly string[];
  readonly #paths: readonly string[];
  /** Whose content may be lost: apt's configuration while apt-get runs, kubelet's last words, which are long, and the history, which grows. */
  readonly #others: readonly string[];
  readonly #kept = new Map<string, Kept>();
  /** A part's write and a repair of the same file follow each other. */
  readonly #queues = new Map<string, Queue>();

  constructor(host: Host, { stateFolder, runFolder }: KeptFolders) {
    this.#host = host;
    this.#folders = [stateFolder, runFolder];
    const { aptConfig, kubeletGoroutines, ...run } = runPaths(runFolder);
    const { history, olderHistory, ...state } = statePaths(stateFolder);
    this.#others = [aptConfig, kubeletGoroutines, history, olderHistory];
    this.#paths = [...Object.values(run), ...Object.values(state)];
  }

  /** The machine, as a part sees it whose files are kept. */
  host(): Host {
    const { files } = this.#host;
    const keeping = replacing(files, {
      write: (path, content, options) => this.#write(path, content, options),
      remove: (path) => this.#forget(path, () => files.remove(path)),
      removeTree: (path) => this.#forget(path, () => files.removeTree(path)),
      move: (from, to) => this.#forget(from, () => files.move(from, to)),
    });
    return replacing(this.#host, { files: keeping });
  }

  /** Makes the folders, and keeps what an earlier run has left in them. What cannot be read is not kept. */
  async adopt(): Promise<void> {
    const { files } = this.#host;
    for (const folder of this.#folders) await this.#repairFolder(folder);
    const found = await Promise.all(this.#paths.map((path) => this.#filesAt(path).catch(() => [])));
    for (const path of found.flat()) {
      const found = await files.readWithStatus(path, MAX_BYTES).catch(() => undefined); // The rounds report it.
      if (found?.status.kind === "file") this.#kept.set(path, { content: found.text, mode: FILE_MODE });
    }
  }

  /** Compares every folder and file once, and puts back what differs. */
  async round(): Promise<KeptRound> {
    const repaired: string[] = [];
    const failures: unknown[] = [];
    let unreadable = await this.#findUnreadable();
    const attempt = async (path: string, repair: () => Promise<boolean>) => {
      try {
        if (await repair()) repaired.push(path);
      } catch (error) {
        if (hasCode(error, "file-unreadable")) unreadable ??= unreadableAt(path, error);
        else failures.push(error);
      }
    };
    for (const folder of this.#folders) await attempt(folder, () => this.#repairFolder(folder));
    await Promise.all(
      [...this.#kept.keys()].map((path) => attempt(path, () => this.#queueOf(path).run(() => this.#repairFile(path)))),
    );
    return { repaired: repaired.toSorted(), failures, unreadable };
  }

  /** Looks at what is not kept, which may be so because it could not be read. What is kept is compared, and that says it too. */
  async #findUnreadable(): Promise<SatelliteError | undefined> {
    const problems = await Promise.all([
      ...this.#paths
        .filter((path) => !this.#kept.has(path))
        .map((path) => this.#problemOf(path, (each) => this.#readOnce(each))),
      ...this.#others.map((path) => this.#problemOf(path, async () => undefined)),
    ]);
    return problems.find((problem) => problem !== undefined);
  }

  async #problemOf(path: string, look: (path: string) => Promise<unknown>): Promise<SatelliteError | undefined> {
    try {
      for (const each of await this.#filesAt(path)) await look(each);
      return undefined;
    } catch (error) {
      return unreadableAt(path, error);
    }
  }

  async #readOnce(path: string): Promise<void> {
    if (!this.#kept.has(path)) await this.#host.files.readWithStatus(path, MAX_BYTES);
  }

  async #repairFolder(folder: string): Promise<boolean> {
    const { files } = this.#host;
    const present = await files.status(folder);
    if (present?.kind === "folder" && present.mode === FOLDER_MODE) return false;
    await files.makeFolder(folder, FOLDER_MODE);
    await files.setMode(folder, FOLDER_MODE); // One that was there keeps its mode otherwise.
    return true;
  }

  async #repairFile(path: string): Promise<boolean> {
    const { files } = this.#host;
    const kept = this.#kept.get(path);
    if (kept === undefined) return false; // Removed by its part since the round began.
    if (await this.#isAsKept(path, kept)) return false;
    await files.write(path, kept.content, { mode: kept.mode });
    return true;
  }

  /** Of a larger file no more is read than of the one that is kept. */
  async #isAsKept(path: string, { content, mode }: Kept): Promise<boolean> {
    const { files } = this.#host;
    const bytes = Buffer.byteLength(content);
    try {
      const present = await files.readWithStatus(path, bytes);
      return present?.status.kind === "file" && present.status.mode === mode && present.text === content;
    } catch (error) {
      const { sizeBytes = 0 } = (await files.status(path)) ?? {};
      if (sizeBytes > bytes) return false;
      throw error;
    }
  }

  async #write(path: string, content: string, options: WriteOptions): Promise<void> {
    const write = () => this.#host.files.write(path, content, options);
    if (!this.#isKept(path)) return write();
    return this.#queueOf(path).run(async () => {
      await write();
      this.#kept.set(path, { content, mode: options.mode });
    });
  }

  #forget(path: string, remove: () => Promise<void>): Promise<void> {
    if (!this.#isKept(path)) return remove();
    return this.#queueOf(path).run(async () => {
      this.#kept.delete(path);
      await remove();
    });
  }

  #isKept(path: string): boolean {
    return this.#paths.includes(path) || this.#paths.includes(dirname(path));
  }

  #queueOf(path: string): Queue {
    const known = this.#queues.get(path);
    if (known !== undefined) return known;
    const queue = new Queue();
    this.#queues.set(path, queue);
    return queue;
  }

  /** The path itself when it is a file, or the files in it. */
  async #filesAt(path: string): Promise<readonly string[]> {
    const { files } = this.#host;
    const { kind } = (await files.status(path)) ?? {};
    if (kind !== "folder") return kind === "file" ? [path] : [];
    return (await files.list(path)).map((name) => `${path}/${name}`);
  }
}

function unreadableAt(path: string, cause: unknown): SatelliteError {
  return new SatelliteError("file-unreadable", `${describe(cause).message}; the daemon runs without it`, {
    hint: `ls -l ${path}; dmesg --level=err shows whether the disk fails.`,
  });
}

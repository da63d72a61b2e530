// The file systems that the node writes to: whether they have room, and whether they answer at all.
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { shortageOf } from "../facts/disk-space.ts";
import type { FileSystemSpace, Host } from "../host/host.ts";

/** A healthy one answers within milliseconds. */
const ANSWER_MS = 10_000;

export interface DiskWatchOptions {
  readonly host: Host;
  readonly config: Pick<Config, "stateFolder" | "runFolder">;
  readonly board: ConditionBoard;
}

interface Question {
  readonly askedAtMs: number;
  readonly answer: Promise<FileSystemSpace | undefined>;
}

/**
 * Sets DiskAvailable. A disk in state D answers no call, and none can be cancelled: each holds a thread until the disk is back. So a
 * file system that has not answered is not asked again before it has.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #folders: readonly string[];
  readonly #asked = new Map<string, Question>();

  constructor(options: DiskWatchOptions) {
    const { stateFolder, runFolder } = options.config;
    this.#options = options;
    this.#folders = ["/var/lib/kubelet", "/var/lib/containerd", stateFolder, runFolder];
  }

  /** Asks each once; ends within {@link ANSWER_MS}. */
  async round(): Promise<void> {
    const { board } = this.#options;
    try {
      const problems = await Promise.all(this.#folders.map((folder) => this.#findProblem(folder)));
      const problem = problems.find((each) => each !== undefined);
      if (problem !== undefined) board.setFailed("DiskAvailable", problem);
      else board.setTrue("DiskAvailable", "Available", `there is room in ${this.#folders.join(", ")}`);
    } catch (error) {
      board.setFailed("DiskAvailable", error);
    }
  }

  async #findProblem(folder: string): Promise<SatelliteError | undefined> {
    const { clock } = this.#options.host;
    const question = this.#asked.get(folder) ?? this.#ask(folder);
    const answered = new AbortController();
    const late = clock.sleep(ANSWER_MS, answered.signal).then(
      () => hung(folder, clock.monotonic() - question.askedAtMs),
      () => undefined, // It has answered, and the sleep is cut short.
    );
    const found = question.answer.then((space) => shortage(folder, space));
    return Promise.race([found, late]).finally(() => answered.abort());
  }

  #ask(folder: string): Question {
    const { host } = this.#options;
    const answer = host.files.space(folder).finally(() => this.#asked.delete(folder));
    answer.catch(() => undefined); // The round that waits for it reports it.
    const question = { askedAtMs: host.clock.monotonic(), answer };
    this.#asked.set(folder, question);
    return question;
  }
}

function hung(folder: string, sinceMs: number): SatelliteError {
  return new SatelliteError(
    "disk-hung",
    `the file system of ${folder} has not answered for ${Math.round(sinceMs / 1000)} s`,
    {
      hint: "dmesg --level err,warn | tail; ps -eo pid,stat,comm | awk '$2 ~ /D/': a disk or a network file system hangs. The daemon waits for it and starts nothing again.",
    },
  );
}

function shortage(folder: string, space: FileSystemSpace | undefined): SatelliteError | undefined {
  const text = describeShortage(folder, space);
  if (text === undefined) return undefined;
  return new SatelliteError("disk-full", text, {
    hint: "df -h; du -xh --max-depth=2 /var | sort -h | tail. Unused images: crictl rmi --prune.",
  });
}

function describeShortage(folder: string, space: FileSystemSpace | undefined): string | undefined {
  if (space === undefined) return undefined;
  const { totalBytes, availableBytes, totalInodes, freeInodes } = space;
  switch (shortageOf(space)) {
    case "space":
      return `${folder} has ${percent(availableBytes, totalBytes)} of its space left (${Math.round(availableBytes / 2 ** 20)} MiB); below 10 % kubelet evicts pods`;
    case "inodes":
      return `${folder} has ${percent(freeInodes, totalInodes)} of its inodes left; below 5 % kubelet evicts pods`;
    case undefined:
      return undefined;
  }
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

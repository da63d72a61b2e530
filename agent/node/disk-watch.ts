// The file systems that the node writes to: whether they have room, and whether they answer at all.
import type { ConditionBoard } from "../board/conditions.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { shortageOf } from "../facts/disk-space.ts";
import type { FileSystemSpace } from "../host/files/space.ts";
import type { Host } from "../host/host.ts";

/** A healthy one answers within milliseconds. */
const ANSWER_MS = 10_000;
/** A disk that is merely busy has written by then; and containerd is not restarted for its silence before. */
const WRITE_MS = 60_000;
/** A few blocks each time. */
const WRITE_EVERY_MS = 60_000;
const PROBE = "written each minute: the disk takes it\n";

/** Whether what does not answer may wait for a disk: a restart of it would not help, and what it has started could not be ended. */
export function isDiskHung(board: ConditionBoard): boolean {
  return board.get("DiskAvailable").reason === "DiskHung";
}

export interface DiskWatchOptions {
  readonly host: Host;
  readonly config: Pick<Config, "stateFolder" | "runFolder">;
  readonly board: ConditionBoard;
}

interface Question {
  readonly askedAtMs: number;
  readonly answer: Promise<SatelliteError | undefined>;
}

/** What is asked of a folder's file system. */
interface Asking {
  readonly what: "room" | "write";
  readonly folder: string;
  readonly longestMs: number;
  /** The problem, or undefined when there is none. */
  readonly ask: () => Promise<SatelliteError | undefined>;
}

/**
 * Sets DiskAvailable. A disk in state D answers no call, and none can be cancelled: each holds a thread until the disk is back. So a
 * file system that has not answered is not asked again before it has. The kernel knows the room on a local disk by heart, and says it
 * while the disk is away: only a write that is flushed finds out.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #folders: readonly string[];
  readonly #asked = new Map<string, Question>();
  #writtenAtMs: number | undefined;

  constructor(options: DiskWatchOptions) {
    const { stateFolder, runFolder } = options.config;
    this.#options = options;
    this.#folders = ["/var/lib/kubelet", "/var/lib/containerd", stateFolder, runFolder];
  }

  /** Asks each once; ends within {@link ANSWER_MS}. */
  async round(): Promise<void> {
    const { board } = this.#options;
    try {
      const rooms = this.#folders.map((folder) => this.#findProblem(this.#room(folder)));
      const problems = await Promise.all([...rooms, this.#findWriteProblem()]);
      const problem = problems.find((each) => each !== undefined);
      if (problem !== undefined) board.setFailed("DiskAvailable", problem);
      else board.setTrue("DiskAvailable", "Available", `there is room in ${this.#folders.join(", ")}`);
    } catch (error) {
      board.setFailed("DiskAvailable", error);
    }
  }

  #room(folder: string): Asking {
    const { files } = this.#options.host;
    return {
      what: "room",
      folder,
      longestMs: ANSWER_MS,
      ask: async () => problemOf(folder, await files.space(folder)),
    };
  }

  async #findWriteProblem(): Promise<SatelliteError | undefined> {
    const { host, config } = this.#options;
    const sinceMs = host.clock.monotonic() - (this.#writtenAtMs ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < WRITE_EVERY_MS) return undefined;
    const folder = config.stateFolder;
    return this.#findProblem({ what: "write", folder, longestMs: WRITE_MS, ask: () => this.#write(folder) });
  }

  async #write(folder: string): Promise<SatelliteError | undefined> {
    const { files, clock } = this.#options.host;
    try {
      await files.write(statePaths(folder).diskProbe, PROBE, { mode: 0o600 });
      this.#writtenAtMs = clock.monotonic();
      return undefined;
    } catch (error) {
      if (!(error instanceof SatelliteError)) throw error;
      return (error.cause as { readonly code?: unknown } | undefined)?.code === "EROFS" ? readOnly(folder) : error;
    }
  }

  async #findProblem(asking: Asking): Promise<SatelliteError | undefined> {
    const { clock } = this.#options.host;
    const question = this.#asked.get(keyOf(asking)) ?? this.#ask(asking);
    const answered = new AbortController();
    const late = clock.sleep(ANSWER_MS, answered.signal).then(
      () => {
        const sinceMs = clock.monotonic() - question.askedAtMs;
        return sinceMs < asking.longestMs ? undefined : hung(asking, sinceMs);
      },
      () => undefined, // It has answered, and the sleep is cut short.
    );
    return Promise.race([question.answer, late]).finally(() => answered.abort());
  }

  #ask(asking: Asking): Question {
    const answer = asking.ask().finally(() => this.#asked.delete(keyOf(asking)));
    answer.catch(() => undefined); // The round that waits for it reports it.
    const question = { askedAtMs: this.#options.host.clock.monotonic(), answer };
    this.#asked.set(keyOf(asking), question);
    return question;
  }
}

function keyOf({ what, folder }: Asking): string {
  return `${what} ${folder}`;
}

function hung({ what, folder }: Asking, sinceMs: number): SatelliteError {
  const has = what === "room" ? "not answered" : "taken no write";
  return new SatelliteError(
    "disk-hung",
    `the file system of ${folder} has ${has} for ${Math.round(sinceMs / 1000)} s`,
    {
      hint: "dmesg --level err,warn | tail; ps -eo pid,stat,comm | awk '$2 ~ /D/': a disk or a network file system hangs. The daemon waits for it and starts nothing again.",
    },
  );
}

function readOnly(folder: string): SatelliteError {
  return new SatelliteError("disk-read-only", `the file system of ${folder} is read-only; what runs there goes on`, {
    hint: `dmesg --level err,warn | tail: an error of the disk as a rule; findmnt --target ${folder}. The next boot repairs it; mount -o remount,rw may be refused.`,
  });
}

function problemOf(folder: string, space: FileSystemSpace | undefined): SatelliteError | undefined {
  return space?.isReadOnly === true ? readOnly(folder) : shortage(folder, space);
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

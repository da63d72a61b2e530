// Remembers on the disk what happened: turns of conditions, repairs, restarts, upgrades, and the daemon's own starts. It writes only when
// something happens. A disk that is full, fails or hangs costs entries, and nothing else.
import type { Condition } from "../board/conditions.ts";
import { type Family, family } from "../board/metric-family.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { VERSION } from "../version.ts";
import { type Entry, type Happening, renderEntry } from "./entry.ts";
import { type HistoryFiles, MAX_FILE_BYTES, readBoot, readHistory } from "./read.ts";
import { renderShown, toTimeline } from "./timeline.ts";

/** What waits for a disk that takes nothing; the oldest give way. */
const MAX_WAITING = 200;
/** How many /status shows. */
const MAX_SHOWN = 10;
/** By these it knows how long what an entry ends has lasted. */
const MAX_REMEMBERED = 200;
/** A file that another process changes again and again is noted once in this time, or it would leave nothing else in the ring. */
const REPAIR_AGAIN_MS = 60 * 60_000;
const MAX_REPAIRS_KNOWN = 200;

export interface HistoryOptions {
  readonly host: Host;
  readonly log: Log;
  readonly files: HistoryFiles;
}

interface Waiting {
  readonly happening: Happening;
  readonly at: number;
  readonly monotonic: number;
}

/** The history of this machine as a node. */
export class History {
  readonly #options: HistoryOptions;
  #waiting: readonly Waiting[] = [];
  #writing: Promise<void> | undefined;
  #remembered: readonly Entry[] = [];
  /** Conditions that are false, or NodeReady as it last was: another report of the same is no news. */
  readonly #known = new Map<string, string>();
  /** When each repair was last noted, by the monotonic clock. */
  readonly #repairs = new Map<string, number>();
  #size = 0;
  readonly #figures = { written: 0, lost: 0 };
  #isFailing = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  status() {
    return { history: renderShown(toTimeline(this.#remembered).slice(-MAX_SHOWN)) };
  }

  metrics(): readonly Family[] {
    const help = "Entries of the history, by outcome: `lost` could not be written.";
    return [
      family("counter", "history_entries_total", help, () =>
        Object.entries(this.#figures).map(([outcome, value]) => ({ value, labels: { outcome } })),
      ),
    ];
  }

  /** Takes over what earlier runs have left, and notes that this one begins. */
  async begin(): Promise<void> {
    const { host, log, files } = this.#options;
    try {
      this.#remembered = (await readHistory(host, files)).entries.slice(-MAX_REMEMBERED);
    } catch (err) {
      log.info({ err }, "the history of earlier runs cannot be read");
    }
    this.note({ kind: "start", name: VERSION, message: `eks-satellite ${VERSION} starts`, pid: host.processId });
  }

  /** Notes that this run ends, and waits for what is being written. */
  async end(): Promise<void> {
    this.note({ kind: "stop", name: VERSION, message: "eks-satellite stops" });
    await this.#writing;
  }

  /** A condition turned. What was never false has no history. */
  noteCondition({ type, status, reason, message }: Condition, isRootCause: boolean): void {
    const isKept = status === "False" || type === "NodeReady";
    const state = isKept ? `${status} ${reason} ${isRootCause}` : undefined;
    if (this.#known.get(type) === state) return;
    if (state === undefined) this.#known.delete(type);
    else this.#known.set(type, state);
    this.note({ kind: "condition", name: type, status, reason, message, ...(isRootCause ? { isRootCause } : {}) });
  }

  /** Returns at once; the entry is on the disk a little later. */
  note(happening: Happening): void {
    const { clock } = this.#options.host;
    const monotonic = clock.monotonic();
    if (this.#isRepairAgain(happening, monotonic)) return;
    this.#wait([...this.#waiting, { happening, at: clock.now(), monotonic }]);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes until nothing waits, or the disk refuses: the next entry tries again. */
  async #write(): Promise<void> {
    const { host, log } = this.#options;
    while (this.#waiting.length > 0) {
      const { boot, up } = await readBoot(host);
      const now = host.clock.monotonic();
      const taken = this.#waiting;
      this.#waiting = [];
      const entries = taken.map(({ happening, at, monotonic }): Entry => {
        const since = up === undefined ? {} : { up: Math.round(up - (now - monotonic)) };
        return { at, ...since, boot, ...happening };
      });
      try {
        await this.#append(entries.map(renderEntry).join(""));
      } catch (err) {
        this.#wait([...taken, ...this.#waiting]);
        if (!this.#isFailing) log.warn({ err }, "the history was not written, and waits for the disk");
        this.#isFailing = true;
        return;
      }
      this.#isFailing = false;
      this.#figures.written += entries.length;
      this.#remembered = [...this.#remembered, ...entries].slice(-MAX_REMEMBERED);
    }
  }

  /** A file that is full is moved first: where that fails nothing is written, and the file does not grow. */
  async #append(lines: string): Promise<void> {
    const { host, files } = this.#options;
    if (this.#size >= MAX_FILE_BYTES) await host.files.move(files.history, files.olderHistory);
    this.#size = 0;
    this.#size = await host.files.appendLines(files.history, lines);
  }

  #isRepairAgain({ name, message }: Happening, monotonic: number): boolean {
    if (name !== "Repaired") return false;
    const last = this.#repairs.get(message);
    if (last !== undefined && monotonic - last < REPAIR_AGAIN_MS) return true;
    if (this.#repairs.size >= MAX_REPAIRS_KNOWN) this.#repairs.clear();
    this.#repairs.set(message, monotonic);
    return false;
  }

  #wait(all: readonly Waiting[]): void {
    this.#waiting = all.slice(-MAX_WAITING);
    this.#figures.lost += all.length - this.#waiting.length;
  }
}

// What the agent changed on this machine and what stood there before: one small file a thing, so that damage to one loses one.
import * as z from "zod";
import { sha256 } from "../digest.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

const originalSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("absent") }),
  z.object({ kind: z.literal("file"), content: z.string(), mode: z.number(), uid: z.number(), gid: z.number() }),
  z.object({ kind: z.literal("value"), value: z.string() }),
  /** The entry was damaged: something of the agent's stands there, and what was there before is not known. */
  z.object({ kind: z.literal("unknown") }),
]);
const entrySchema = z.object({
  id: z.string(),
  original: originalSchema,
  firstChangedAtMs: z.number(),
  lastChangedAtMs: z.number(),
  changes: z.number(),
  /** Digests of what the last changes wrote, the newest last: by these a file is recognised as the agent's. */
  wrote: z.array(z.string()).optional(),
});

/** A change that is broken off leaves what the one before it wrote. */
const KEPT_DIGESTS = 2;

/** What stood in a place before the agent's first change. */
export type Original = z.infer<typeof originalSchema>;
/** `changes` counts the first change and every repair. */
export type LedgerEntry = z.infer<typeof entrySchema>;

/** Records changes, each place's original once. */
export class Ledger {
  readonly #host: Host;
  readonly #folder: string;
  readonly #log: Log;

  constructor(host: Host, folder: string, log: Log) {
    this.#host = host;
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Records a change that is about to be made; `original` counts only the first time. @param content what the change writes, of a file
   * @throws disk-full, file-unwritable
   */
  async record(id: string, original: Original, content?: string): Promise<LedgerEntry> {
    const now = this.#host.clock.now();
    const known = await this.#read(id, original);
    const wrote = content === undefined ? known.wrote : [...(known.wrote ?? []), sha256(content)].slice(-KEPT_DIGESTS);
    const entry = {
      ...known,
      lastChangedAtMs: now,
      changes: known.changes + 1,
      ...(wrote === undefined ? {} : { wrote }),
    };
    // 0600: the original of a file may hold secrets of its owner.
    await this.#host.files.write(this.#pathOf(id), `${JSON.stringify(entry, undefined, 2)}\n`, { mode: 0o600 });
    return entry;
  }

  /** Removes the entry of a change that was not made after all, or is undone. @throws file-unwritable */
  forget(id: string): Promise<void> {
    return this.#host.files.remove(this.#pathOf(id));
  }

  /** The entry of one thing; undefined when there is none, or none that can be read. @throws file-unreadable */
  async find(id: string): Promise<LedgerEntry | undefined> {
    const text = await this.#host.files.read(this.#pathOf(id));
    try {
      return text === undefined ? undefined : entrySchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** Every entry, the first change first; a damaged one is left out, and logged unless `onDamage` is `ignore`. */
  async list(onDamage: "log" | "ignore" = "log"): Promise<readonly LedgerEntry[]> {
    const names = (await this.#host.files.list(this.#folder)).filter((name) => name.endsWith(".json"));
    const entries = await Promise.all(names.map((name) => this.#readEntry(`${this.#folder}/${name}`, onDamage)));
    return entries
      .filter((entry) => entry !== undefined)
      .toSorted((one, other) => one.firstChangedAtMs - other.firstChangedAtMs);
  }

  async #readEntry(path: string, onDamage: "log" | "ignore"): Promise<LedgerEntry | undefined> {
    try {
      return entrySchema.parse(JSON.parse((await this.#host.files.read(path)) ?? ""));
    } catch (err) {
      if (onDamage === "log")
        this.#log.warn({ err, path }, "a ledger entry is damaged: what stood there before is not known");
      return undefined;
    }
  }

  async #read(id: string, original: Original): Promise<LedgerEntry> {
    const path = this.#pathOf(id);
    const fresh = { id, original, firstChangedAtMs: this.#host.clock.now(), lastChangedAtMs: 0, changes: 0 };
    const text = await this.#host.files.read(path);
    if (text === undefined) return fresh;
    try {
      return entrySchema.parse(JSON.parse(text));
    } catch (err) {
      this.#log.warn(
        { err, path },
        "a ledger entry is damaged: the original that it held is lost, the entry begins anew",
      );
      await this.#host.files.move(path, `${path}.damaged`);
      return { ...fresh, original: { kind: "unknown" } };
    }
  }

  #pathOf(id: string): string {
    return `${this.#folder}/${sha256(id).slice(0, 16)}.json`;
  }
}

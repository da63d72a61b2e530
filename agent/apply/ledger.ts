// What the agent changed on this machine and what stood there before: one small file a thing, so that damage to one loses one.
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

const originalSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("absent") }),
  z.object({ kind: z.literal("file"), content: z.string(), mode: z.number(), uid: z.number(), gid: z.number() }),
  z.object({ kind: z.literal("value"), value: z.string() }),
  /** The entry was damaged: something of ours stands there, and nobody knows what was before. */
  z.object({ kind: z.literal("unknown") }),
]);
const entrySchema = z.object({
  id: z.string(),
  original: originalSchema,
  firstChangedAtMs: z.number(),
  lastChangedAtMs: z.number(),
  changes: z.number(),
});

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

  /** Records a change that is about to be made; `original` counts only the first time. @throws disk-full, file-unwritable */
  async record(id: string, original: Original): Promise<LedgerEntry> {
    const now = this.#host.clock.now();
    const known = await this.#read(id, original);
    const entry = { ...known, lastChangedAtMs: now, changes: known.changes + 1 };
    // 0600: the original of a file may hold secrets of its owner.
    await this.#host.files.write(this.#pathOf(id), `${JSON.stringify(entry, undefined, 2)}\n`, { mode: 0o600 });
    return entry;
  }

  /** Takes the entry of a change back that was not made after all. @throws file-unwritable */
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

  /** Every entry, the first change first; one that is damaged is told of and left out. */
  async list(): Promise<readonly LedgerEntry[]> {
    const names = (await this.#host.files.list(this.#folder)).filter((name) => name.endsWith(".json"));
    const entries = await Promise.all(names.map((name) => this.#readEntry(`${this.#folder}/${name}`)));
    return entries
      .filter((entry) => entry !== undefined)
      .toSorted((one, other) => one.firstChangedAtMs - other.firstChangedAtMs);
  }

  async #readEntry(path: string): Promise<LedgerEntry | undefined> {
    try {
      return entrySchema.parse(JSON.parse((await this.#host.files.read(path)) ?? ""));
    } catch (err) {
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
    return `${this.#folder}/${createHash("sha256").update(id).digest("hex").slice(0, 16)}.json`;
  }
}

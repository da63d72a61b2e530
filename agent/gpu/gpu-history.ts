// Which faults a GPU has had in which boots: one that comes back after two reboots is the hardware's. Kept below the state folder.
import * as z from "zod";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

/** Boots that are remembered, this one included. */
const MAX_BOOTS = 10;
/** A fault in this many boots has outlived two reboots. */
const HARDWARE_BOOTS = 3;

const historySchema = z.object({
  /** Ids of the last boots, oldest first. */
  boots: z.array(z.string()),
  /** Ids of the boots in which a fault was seen, by fault. */
  faults: z.record(z.string(), z.array(z.string())),
  /** Labels that were written to the Node. */
  labels: z.array(z.string()).default([]),
});

type History = z.infer<typeof historySchema>;

const EMPTY: History = { boots: [], faults: {}, labels: [] };

/** The history of this machine's GPUs. A file that cannot be read or written costs the history and nothing else. */
export class GpuHistory {
  readonly #host: Host;
  readonly #file: string;
  readonly #log: Log;
  #history: History | undefined;
  #boot = "";

  constructor(host: Host, file: string, log: Log) {
    this.#host = host;
    this.#file = file;
    this.#log = log;
  }

  /** Labels of the Node that are ours. */
  get labels(): readonly string[] {
    return this.#history?.labels ?? [];
  }

  /** Reads the file, the first time. */
  async load(): Promise<void> {
    if (this.#history !== undefined) return;
    // Without it no boot is told from another, and nothing is remembered.
    const boot = await this.#host.files.read("/proc/sys/kernel/random/boot_id").catch(() => undefined);
    this.#boot = (boot ?? "").trim();
    const known = await this.#read();
    const boots = [...known.boots.filter((boot) => boot !== this.#boot), this.#boot].slice(-MAX_BOOTS);
    const kept = Object.entries(known.faults)
      .map(([fault, seen]) => [fault, seen.filter((boot) => boots.includes(boot))] as const)
      .filter(([, seen]) => seen.length > 0);
    this.#history = { ...known, boots, faults: Object.fromEntries(kept) };
  }

  /** Whether a fault has been there in three of the last boots. @param fault a GPU's uuid, or its address, and a code */
  isHardware(fault: string): boolean {
    return (this.#history?.faults[fault]?.length ?? 0) >= HARDWARE_BOOTS;
  }

  /** Remembers faults of this boot; writes only what is new. */
  async note(faults: readonly string[]): Promise<void> {
    const history = this.#history ?? EMPTY;
    const fresh = faults.filter((fault) => !history.faults[fault]?.includes(this.#boot));
    if (fresh.length === 0 || this.#boot === "") return;
    const seen = fresh.map(
      (fault) => [fault, [...(history.faults[fault] ?? []), this.#boot]] satisfies [string, string[]],
    );
    await this.#write({ ...history, faults: { ...history.faults, ...Object.fromEntries(seen) } });
  }

  /** Remembers which labels were written; writes only a change. */
  async noteLabels(labels: readonly string[]): Promise<void> {
    const history = this.#history ?? EMPTY;
    if (labels.join() !== history.labels.join()) await this.#write({ ...history, labels: [...labels] });
  }

  async #read(): Promise<History> {
    try {
      return historySchema.parse(JSON.parse((await this.#host.files.read(this.#file)) ?? JSON.stringify(EMPTY)));
    } catch (err) {
      this.#log.info({ err, file: this.#file }, "the history of GPU faults is not readable and begins anew");
      return EMPTY;
    }
  }

  async #write(history: History): Promise<void> {
    this.#history = history;
    await this.#host.files
      .write(this.#file, `${JSON.stringify(history)}\n`, { mode: 0o600 })
      .catch((err: unknown) => this.#log.debug({ err }, "the history of GPU faults was not kept"));
  }
}

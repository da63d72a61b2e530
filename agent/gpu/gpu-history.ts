// The faults of each GPU by boot, kept in the state folder. A fault that returns after two reboots is a fault of the hardware.
import * as z from "zod";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

/** Number of boots to remember, the current one included. */
const MAX_BOOTS = 10;
/** A fault in this many boots has survived two reboots. */
const HARDWARE_BOOTS = 3;

const historySchema = z.object({
  /** Ids of the last boots, oldest first. */
  boots: z.array(z.string()),
  /** Ids of the boots with a fault, by fault. */
  faults: z.record(z.string(), z.array(z.string())),
  /** Labels that were written to the Node. */
  labels: z.array(z.string()).default([]),
});

type History = z.infer<typeof historySchema>;

const EMPTY: History = { boots: [], faults: {}, labels: [] };

/** The history of this machine's GPUs. Without a readable or writable file only the history is lost. */
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

  /** The Node's labels that the daemon wrote. */
  get labels(): readonly string[] {
    return this.#history?.labels ?? [];
  }

  /** Reads the file once. */
  async load(): Promise<void> {
    if (this.#history !== undefined) return;
    // Without the id boots cannot be distinguished, and nothing is remembered.
    const boot = await this.#host.files.read("/proc/sys/kernel/random/boot_id").catch(() => undefined);
    this.#boot = (boot ?? "").trim();
    const known = await this.#read();
    const boots = [...known.boots.filter((boot) => boot !== this.#boot), this.#boot].slice(-MAX_BOOTS);
    const kept = Object.entries(known.faults)
      .map(([fault, seen]) => [fault, seen.filter((boot) => boots.includes(boot))] as const)
      .filter(([, seen]) => seen.length > 0);
    this.#history = { ...known, boots, faults: Object.fromEntries(kept) };
  }

  /** Whether a fault occurred in three of the last boots. @param fault a GPU's uuid or address, and a code */
  isHardware(fault: string): boolean {
    return (this.#history?.faults[fault]?.length ?? 0) >= HARDWARE_BOOTS;
  }

  /** Remembers faults of this boot. Writes only new ones. */
  async note(faults: readonly string[]): Promise<void> {
    const history = this.#history ?? EMPTY;
    const fresh = faults.filter((fault) => !history.faults[fault]?.includes(this.#boot));
    if (fresh.length === 0 || this.#boot === "") return;
    const seen = fresh.map(
      (fault) => [fault, [...(history.faults[fault] ?? []), this.#boot]] satisfies [string, string[]],
    );
    await this.#write({ ...history, faults: { ...history.faults, ...Object.fromEntries(seen) } });
  }

  /** Remembers which labels were written. Writes only changes. */
  async noteLabels(labels: readonly string[]): Promise<void> {
    const history = this.#history ?? EMPTY;
    if (labels.join() !== history.labels.join()) await this.#write({ ...history, labels: [...labels] });
  }

  async #read(): Promise<History> {
    try {
      return historySchema.parse(JSON.parse((await this.#host.files.read(this.#file)) ?? JSON.stringify(EMPTY)));
    } catch (err) {
      this.#log.info({ err, file: this.#file }, "the history of GPU faults is not readable and starts again");
      return EMPTY;
    }
  }

  async #write(history: History): Promise<void> {
    this.#history = history;
    await this.#host.files
      .write(this.#file, `${JSON.stringify(history)}\n`, { mode: 0o600 })
      .catch((err: unknown) => this.#log.debug({ err }, "the history of GPU faults was not written"));
  }
}

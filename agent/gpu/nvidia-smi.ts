// nvidia-smi, kept on a short lead: each call is bounded, never two run at once, and a call that cannot even be killed is
// told as such. After some faults of a GPU it hangs in the kernel, and every further one would hang beside it.
import { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";
import {
  CORE_FIELDS,
  type GpuReading,
  OPTIONAL_FIELDS,
  parseRows,
  REMAPPED_FIELDS,
  type Row,
  refusedField,
  toReadings,
  unreachableBusIds,
} from "./nvidia-smi-output.ts";
import { explainExit, explainThrown } from "./nvidia-smi-problem.ts";

/** What a set of calls gave. */
export interface SmiAnswer {
  readonly gpus: readonly GpuReading[];
  /** The newest CUDA version that the driver can run, e.g. `12.4`. */
  readonly cudaVersion?: string;
  /** Addresses of GPUs that nvidia-smi named and could not open. */
  readonly unreachable: readonly string[];
  /**
   * Why there is nothing more: gpu-driver-not-loaded, gpu-driver-mismatch, gpu-library-missing, gpu-inforom-corrupt,
   * gpu-fell-off-bus, gpu-unreachable, nvidia-smi-missing, nvidia-smi-failed, nvidia-smi-timeout, nvidia-smi-stuck.
   */
  readonly problem?: SatelliteError;
}

export interface NvidiaSmiOptions {
  readonly host: Host;
  /** After this a call is killed, seconds. Without persistence mode it initializes each GPU first, which takes seconds. */
  readonly timeoutSeconds: number;
}

/** Thirty seconds, less what a schedule may be early. */
const MIN_INTERVAL_MS = 29_500;
/** What SIGKILL gets to have its effect: a process that is still there then hangs in the kernel. */
const KILL_GRACE_MS = 2000;
const COMMAND = "nvidia-smi";
/** With exit code 6: an empty list, and no failure of nvidia-smi's. */
const NO_DEVICES = /no devices were found/i;

/** A turn in this many is for the memory rows, thus every five minutes; while some wait for a reset, every minute. */
const REMAPPED_EVERY = 10;
const REMAPPED_EVERY_WHILE_WAITING = 2;

/** What the first answer has taught about a driver. */
interface Known {
  readonly driverVersion: string;
  /** Those that it takes. */
  readonly fields: readonly string[];
  readonly cudaVersion: string | undefined;
  readonly remapped: readonly Row[];
  /** Of the last answer. */
  readonly rows: readonly Row[];
}

interface StuckCall {
  readonly sinceMs: number;
  readonly args: readonly string[];
}

/** Asks for everything that is known of the GPUs. */
export class NvidiaSmi {
  readonly #host: Host;
  readonly #timeoutSeconds: number;
  readonly #refused = new Set<string>();
  #stuck: StuckCall | undefined;
  #callAws: Promise<SmiAnswer> | undefined;
  #last: { readonly atMs: number; readonly answer: SmiAnswer } | undefined;
  #known: Known | undefined;
  #turn = 0;
  #cuda: { readonly driverVersion: string; readonly version: string } | undefined;

  constructor({ host, timeoutSeconds }: NvidiaSmiOptions) {
    this.#host = host;
    this.#timeoutSeconds = timeoutSeconds;
  }

  /** The answer of now, or the last one when it is younger than 30 s; never throws. @param driverVersion of the module that is loaded */
  async query(driverVersion: string): Promise<SmiAnswer> {
    if (this.#stuck !== undefined) return nothing(this.#explainStuck(this.#stuck));
    const now = this.#host.clock.now();
    if (this.#last !== undefined && now - this.#last.atMs < MIN_INTERVAL_MS) return this.#last.answer;
    this.#callAws ??= this.#ask(driverVersion).finally(() => {
      this.#callAws = undefined;
    });
    const answer = await this.#callAws;
    this.#last = { atMs: now, answer };
    return answer;
  }

  /** The first time everything, with as many calls as that takes; then one call each time. */
  async #ask(driverVersion: string): Promise<SmiAnswer> {
    try {
      if (this.#known?.driverVersion !== driverVersion) return await this.#askAll(driverVersion);
      this.#turn += 1;
      const last = this.#last?.answer;
      const isTurnOfRows = last !== undefined && last.gpus.length > 0 && this.#turn % turnsPerRows(last) === 0;
      return isTurnOfRows ? await this.#askRemapped(last, this.#known) : await this.#askAgain(this.#known);
    } catch (error) {
      return nothing(explainThrown(error));
    }
  }

  async #askAll(driverVersion: string): Promise<SmiAnswer> {
    this.#known = undefined;
    this.#turn = 0;
    const core = await this.#run(queryArgs("gpu", CORE_FIELDS));
    const rows = parseRows(core.stdout, CORE_FIELDS);
    // Without rows there is nothing that the others could add to.
    if (rows.length === 0) return { ...toShared(core), gpus: [] };
    const optional = await this.#askOptional();
    const remapped = (await this.#askRows("remapped-rows", REMAPPED_FIELDS)) ?? [];
    const cudaVersion = await this.#readCudaVersion(driverVersion);
    if (optional.rows.length === rows.length) {
      const fields = [...new Set<string>([...CORE_FIELDS, ...optional.fields])];
      this.#known = { driverVersion, fields, cudaVersion, remapped, rows: [] };
    }
    return { ...toShared(core), ...toCuda(cudaVersion), gpus: toReadings(rows, optional.rows, remapped) };
  }

  /** All fields that are known to be taken, at once. */
  async #askAgain(known: Known): Promise<SmiAnswer> {
    const result = await this.#run(queryArgs("gpu", known.fields));
    if (refusedField(`${result.stdout}\n${result.stderr}`) !== undefined) return this.#askAll(known.driverVersion);
    const rows = parseRows(result.stdout, known.fields);
    this.#known = { ...known, rows };
    return { ...toShared(result), ...toCuda(known.cudaVersion), gpus: toReadings(rows, rows, known.remapped) };
  }

  /** In place of the others, which are half a minute older this time: the same answer, unless rows wait or have failed. */
  async #askRemapped(last: SmiAnswer, known: Known): Promise<SmiAnswer> {
    const remapped = (await this.#askRows("remapped-rows", REMAPPED_FIELDS)) ?? known.remapped;
    if (JSON.stringify(remapped) === JSON.stringify(known.remapped)) return last;
    this.#known = { ...known, remapped };
    return { ...last, gpus: toReadings(known.rows, known.rows, remapped) };
  }

  /** One unknown field fails the whole query: it is asked again without that field, and never for it again. */
  async #askOptional(): Promise<{ rows: readonly Row[]; fields: readonly string[] }> {
    for (;;) {
      const fields = OPTIONAL_FIELDS.filter((field) => !this.#refused.has(field));
      const { stdout, stderr } = await this.#run(queryArgs("gpu", fields));
      const refused = refusedField(`${stdout}\n${stderr}`);
      if (refused === undefined || !fields.some((field) => field === refused))
        return { rows: parseRows(stdout, fields), fields };
      this.#refused.add(refused);
    }
  }

  /** A query whose failure means that the driver or the GPU does not know of such things: undefined. */
  async #askRows(what: string, fields: readonly string[]): Promise<readonly Row[] | undefined> {
    const { exitCode, stdout } = await this.#run(queryArgs(what, fields));
    return exitCode === 0 ? parseRows(stdout, fields) : undefined;
  }

  /** Only the head of the report has it, and it changes with the driver alone. */
  async #readCudaVersion(driverVersion: string): Promise<string | undefined> {
    if (this.#cuda?.driverVersion === driverVersion) return this.#cuda.version;
    const { stdout } = await this.#run(["--query", "--display=COMPUTE"]);
    const version = /^CUDA Version\s*:\s*(\d+\.\d+)/m.exec(stdout)?.[1];
    if (version !== undefined) this.#cuda = { driverVersion, version };
    return version;
  }

  /** @throws command-missing, command-timeout, nvidia-smi-stuck */
  async #run(args: readonly string[]): Promise<RunResult> {
    const { clock } = this.#host;
    const call = { sinceMs: clock.now(), args };
    const over = new AbortController();
    const running = this.#host.run(COMMAND, args, { timeoutSeconds: this.#timeoutSeconds }).finally(() => {
      over.abort();
      if (this.#stuck === call) this.#stuck = undefined;
    });
    const late = clock.sleep(this.#timeoutSeconds * 1000 + KILL_GRACE_MS, over.signal).then(
      () => {
        this.#stuck = call;
        throw this.#explainStuck(call);
      },
      () => running, // Cut short: the call has ended.
    );
    running.catch(() => undefined); // When it is late nobody waits for it any more.
    return Promise.race([running, late]);
  }

  #explainStuck({ sinceMs, args }: StuckCall): SatelliteError {
    const seconds = Math.round((this.#host.clock.now() - sinceMs) / 1000);
    return new SatelliteError(
      "nvidia-smi-stuck",
      `nvidia-smi ${args[0] ?? ""} hangs in the kernel for ${seconds} s and cannot be killed; no other is started meanwhile`,
    );
  }
}

function queryArgs(what: string, fields: readonly string[]): readonly string[] {
  return [`--query-${what}=${fields.join(",")}`, "--format=csv,noheader,nounits"];
}

function turnsPerRows({ gpus }: SmiAnswer): number {
  const isWaiting = gpus.some(({ isRemapPending, isRemapFailed }) => isRemapPending === true || isRemapFailed === true);
  return isWaiting ? REMAPPED_EVERY_WHILE_WAITING : REMAPPED_EVERY;
}

/** What an answer tells beside its rows. */
function toShared(result: RunResult): Pick<SmiAnswer, "unreachable" | "problem"> {
  const output = `${result.stdout}\n${result.stderr}`;
  const isGood = result.exitCode === 0 || NO_DEVICES.test(output);
  return { unreachable: unreachableBusIds(output), ...(isGood ? {} : { problem: explainExit(result) }) };
}

function toCuda(cudaVersion: string | undefined): Pick<SmiAnswer, "cudaVersion"> {
  return cudaVersion === undefined ? {} : { cudaVersion };
}

function nothing(problem: SatelliteError): SmiAnswer {
  return { gpus: [], unreachable: [], problem };
}

// Runs nvidia-smi under limits: each call has a time limit, two never run at once, and a call that cannot be killed is reported
// as stuck. After some faults of a GPU nvidia-smi hangs in the kernel, and every further call would hang beside it.
import type { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";
import { optional } from "../optional.ts";
import { GuardedCommand } from "./guarded-command.ts";
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
import { explainExit, explainStuck, explainThrown, isInforomCorrupt } from "./nvidia-smi-problem.ts";

/** The result of a set of calls. */
export interface SmiAnswer {
  readonly gpus: readonly GpuReading[];
  /** The newest CUDA version that the driver can run, e.g. `12.4`. */
  readonly cudaVersion?: string;
  /** Addresses of GPUs that nvidia-smi could not open. */
  readonly unreachable: readonly string[];
  /**
   * Why the answer is incomplete: gpu-driver-not-loaded, gpu-driver-mismatch, gpu-library-missing, gpu-inforom-corrupt,
   * gpu-power-cable, gpu-interrupt-lost, gpu-fell-off-bus, gpu-unreachable, nvidia-smi-missing, nvidia-smi-failed, nvidia-smi-timeout, nvidia-smi-stuck.
   */
  readonly problem?: SatelliteError;
}

export interface NvidiaSmiOptions {
  readonly host: Host;
  /** Time after which a call is killed, seconds. Without persistence mode it initializes each GPU first, which takes seconds. */
  readonly timeoutSeconds: number;
}

/** Thirty seconds, less the jitter of the schedule. */
const MIN_INTERVAL_MS = 29_500;
const COMMAND = "nvidia-smi";
/** The message of exit code 6: the list is empty, which is not a failure of nvidia-smi. */
const NO_DEVICES = /no devices were found/i;

/** One turn in this many reads the memory rows: every five minutes, or every minute while rows wait for a reset. */
const REMAPPED_EVERY = 10;
const REMAPPED_EVERY_WHILE_WAITING = 2;

/** What the first answer revealed about a driver. */
interface Known {
  readonly driverVersion: string;
  /** The fields that it accepts. */
  readonly fields: readonly string[];
  readonly cudaVersion: string | undefined;
  readonly remapped: readonly Row[];
  /** The rows of the last answer. */
  readonly rows: readonly Row[];
}

/** Queries everything that nvidia-smi knows of the GPUs. */
export class NvidiaSmi {
  readonly #host: Host;
  readonly #timeoutSeconds: number;
  readonly #refused = new Set<string>();
  readonly #command: GuardedCommand;
  #pending: Promise<SmiAnswer> | undefined;
  #last: { readonly atMs: number; readonly answer: SmiAnswer } | undefined;
  #known: Known | undefined;
  #turn = 0;
  #cuda: { readonly driverVersion: string; readonly version: string } | undefined;

  constructor({ host, timeoutSeconds }: NvidiaSmiOptions) {
    this.#host = host;
    this.#timeoutSeconds = timeoutSeconds;
    this.#command = new GuardedCommand({ host, name: COMMAND, explainStuck });
  }

  /** Queries the GPUs, or returns the last answer when it is younger than 30 s. Never throws. @param driverVersion of the loaded module */
  async query(driverVersion: string): Promise<SmiAnswer> {
    const stuck = await this.#command.findStuck();
    if (stuck !== undefined) return nothing(stuck);
    const now = this.#host.clock.monotonic();
    if (this.#last !== undefined && now - this.#last.atMs < MIN_INTERVAL_MS) return this.#last.answer;
    this.#pending ??= this.#ask(driverVersion).finally(() => {
      this.#pending = undefined;
    });
    const answer = await this.#pending;
    this.#last = { atMs: now, answer };
    return answer;
  }

  /** The first query takes several calls, each later one a single call. */
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
    await this.#command.refuseBesideOthers();
    const core = await this.#run(queryArgs("gpu", CORE_FIELDS));
    const rows = parseRows(core.stdout, CORE_FIELDS);
    // Without rows the other queries have nothing to add to.
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

  /** Queries all accepted fields in one call. */
  async #askAgain(known: Known): Promise<SmiAnswer> {
    const result = await this.#run(queryArgs("gpu", known.fields));
    if (refusedField(`${result.stdout}\n${result.stderr}`) !== undefined) return this.#askAll(known.driverVersion);
    const rows = parseRows(result.stdout, known.fields);
    this.#known = { ...known, rows };
    return { ...toShared(result), ...toCuda(known.cudaVersion), gpus: toReadings(rows, rows, known.remapped) };
  }

  /** Queries the memory rows instead of the fields, which stay half a minute older this time. */
  async #askRemapped(last: SmiAnswer, known: Known): Promise<SmiAnswer> {
    const remapped = (await this.#askRows("remapped-rows", REMAPPED_FIELDS)) ?? known.remapped;
    if (JSON.stringify(remapped) === JSON.stringify(known.remapped)) return last;
    this.#known = { ...known, remapped };
    return { ...last, gpus: toReadings(known.rows, known.rows, remapped) };
  }

  /** One unknown field fails the whole query, so the query is repeated without it, and the field is never queried again. */
  async #askOptional(): Promise<{ rows: readonly Row[]; fields: readonly string[] }> {
    for (;;) {
      const fields = OPTIONAL_FIELDS.filter((field) => !this.#refused.has(field));
      const { stdout, stderr } = await this.#run(queryArgs("gpu", fields));
      const refused = refusedField(`${stdout}\n${stderr}`);
      if (refused === undefined || !fields.some((field) => field === refused))
        return { rows: parseRows(stdout, fields), fields };
      this.#refused.add(refused);
      // Both came with the same version: a query each would cost seconds on a GPU that must be initialized first.
      if (refused === "fabric.state") this.#refused.add("fabric.status");
    }
  }

  /** Runs a query. A failure means that the driver or the GPU does not have these values: undefined. */
  async #askRows(what: string, fields: readonly string[]): Promise<readonly Row[] | undefined> {
    const { exitCode, stdout } = await this.#run(queryArgs(what, fields));
    return exitCode === 0 ? parseRows(stdout, fields) : undefined;
  }

  /** Reads the CUDA version from the head of the report. It changes only with the driver. */
  async #readCudaVersion(driverVersion: string): Promise<string | undefined> {
    if (this.#cuda?.driverVersion === driverVersion) return this.#cuda.version;
    const { stdout } = await this.#run(["--query", "--display=COMPUTE"]);
    const version = /^CUDA Version\s{0,80}:\s{0,8}(\d{1,4}\.\d{1,4})/m.exec(stdout)?.[1];
    if (version !== undefined) this.#cuda = { driverVersion, version };
    return version;
  }

  /** @throws command-missing, command-timeout, nvidia-smi-stuck */
  #run(args: readonly string[]): Promise<RunResult> {
    return this.#command.run(COMMAND, args, this.#timeoutSeconds);
  }
}

function queryArgs(what: string, fields: readonly string[]): readonly string[] {
  return [`--query-${what}=${fields.join(",")}`, "--format=csv,noheader,nounits"];
}

function turnsPerRows({ gpus }: SmiAnswer): number {
  const isWaiting = gpus.some(
    ({ isRemapPending, isRemapFailed, unreadable = [] }) =>
      isRemapPending === true ||
      isRemapFailed === true ||
      unreadable.some((field) => field.startsWith("remapped_rows.")),
  );
  return isWaiting ? REMAPPED_EVERY_WHILE_WAITING : REMAPPED_EVERY;
}

/** Reads what an answer says besides its rows. */
function toShared(result: RunResult): Pick<SmiAnswer, "unreachable" | "problem"> {
  const output = `${result.stdout}\n${result.stderr}`;
  const isGood = (result.exitCode === 0 && !isInforomCorrupt(output)) || NO_DEVICES.test(output);
  return { unreachable: unreachableBusIds(output), ...(isGood ? {} : { problem: explainExit(result) }) };
}

function toCuda(cudaVersion: string | undefined): Pick<SmiAnswer, "cudaVersion"> {
  return optional({ cudaVersion });
}

function nothing(problem: SatelliteError): SmiAnswer {
  return { gpus: [], unreachable: [], problem };
}

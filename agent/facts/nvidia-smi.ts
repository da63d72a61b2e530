// nvidia-smi, kept on a short lead: each call is bounded, never two run at once, and a call that cannot even be killed is
// told as such. After some faults of a GPU it hangs in the kernel, and every further one would hang beside it.
import { describe, SatelliteError } from "../errors.ts";
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
  #asking: Promise<SmiAnswer> | undefined;
  #last: { readonly atMs: number; readonly answer: SmiAnswer } | undefined;
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
    this.#asking ??= this.#ask(driverVersion).finally(() => {
      this.#asking = undefined;
    });
    const answer = await this.#asking;
    this.#last = { atMs: now, answer };
    return answer;
  }

  async #ask(driverVersion: string): Promise<SmiAnswer> {
    try {
      const core = await this.#run(queryArgs("gpu", CORE_FIELDS));
      const output = `${core.stdout}\n${core.stderr}`;
      const problem = core.exitCode === 0 || NO_DEVICES.test(output) ? undefined : explainExit(core);
      const rows = parseRows(core.stdout, CORE_FIELDS);
      const shared = { unreachable: unreachableBusIds(output), ...(problem === undefined ? {} : { problem }) };
      // Without rows there is nothing that the others could add to.
      if (rows.length === 0) return { ...shared, gpus: [] };
      const optional = await this.#askOptional();
      const remapped = await this.#askRows("remapped-rows", REMAPPED_FIELDS);
      const cudaVersion = await this.#readCudaVersion(driverVersion);
      const gpus = toReadings(rows, optional, remapped);
      return { ...shared, gpus, ...(cudaVersion === undefined ? {} : { cudaVersion }) };
    } catch (error) {
      return nothing(explainThrown(error));
    }
  }

  /** One unknown field fails the whole query: it is asked again without that field, and never for it again. */
  async #askOptional(): Promise<readonly Row[]> {
    for (;;) {
      const fields = OPTIONAL_FIELDS.filter((field) => !this.#refused.has(field));
      const { stdout, stderr } = await this.#run(queryArgs("gpu", fields));
      const refused = refusedField(`${stdout}\n${stderr}`);
      if (refused === undefined || !fields.some((field) => field === refused)) return parseRows(stdout, fields);
      this.#refused.add(refused);
    }
  }

  /** A query whose failure means that the driver or the GPU does not know of such things. */
  async #askRows(what: string, fields: readonly string[]): Promise<readonly Row[]> {
    const { exitCode, stdout } = await this.#run(queryArgs(what, fields));
    return exitCode === 0 ? parseRows(stdout, fields) : [];
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

function nothing(problem: SatelliteError): SmiAnswer {
  return { gpus: [], unreachable: [], problem };
}

function explainThrown(error: unknown): SatelliteError {
  const { code } = describe(error);
  if (code === "nvidia-smi-stuck" && error instanceof SatelliteError) return error;
  if (code === "command-missing") {
    return new SatelliteError("nvidia-smi-missing", "the driver is loaded, and there is no nvidia-smi", {
      hint: "Install the driver's utilities of the same version (apt-get install nvidia-utils-…-server).",
      cause: error,
    });
  }
  if (code === "command-timeout") return new SatelliteError("nvidia-smi-timeout", describe(error).message);
  return new SatelliteError("nvidia-smi-failed", "nvidia-smi could not be run", { cause: error });
}

/** Exit codes of nvidia-smi (nvidia-smi(1), "RETURN VALUE"), and the words that some versions say with another code. */
function explainExit({ exitCode, stdout, stderr }: RunResult): SatelliteError {
  const said = `${stdout}\n${stderr}`.trim();
  const shown = said.split("\n").at(-1)?.slice(0, 200) ?? "";
  const failed = (code: string, what: string, hint?: string) =>
    new SatelliteError(
      code,
      `${what} (nvidia-smi exits with ${exitCode}: ${shown})`,
      hint === undefined ? {} : { hint },
    );
  if (/driver\/library version mismatch/i.test(said))
    return failed(
      "gpu-driver-mismatch",
      "the loaded driver and the installed libraries differ in version",
      "An upgrade has replaced the libraries while the old driver is loaded: kubectl drain, then systemctl reboot.",
    );
  if (exitCode === 9 || /couldn't communicate with the NVIDIA driver/i.test(said))
    return failed(
      "gpu-driver-not-loaded",
      "the NVIDIA driver does not answer",
      "modprobe nvidia; dmesg | grep NVRM says why it fails. After a kernel upgrade: dkms status.",
    );
  if (exitCode === 12 || /couldn't find libnvidia-ml/i.test(said))
    return failed(
      "gpu-library-missing",
      "there is no libnvidia-ml.so",
      "Install the driver's libraries of the same version (apt-get install libnvidia-compute-…-server); ldconfig.",
    );
  if (exitCode === 14) return failed("gpu-inforom-corrupt", "the infoROM of a GPU is corrupt");
  if (exitCode === 15 || /gpu is lost|fallen off the bus/i.test(said))
    return failed("gpu-fell-off-bus", "a GPU has fallen off the bus");
  if (unreachableBusIds(said).length > 0) return failed("gpu-unreachable", "a GPU cannot be opened");
  return failed("nvidia-smi-failed", "nvidia-smi fails", "Run nvidia-smi by hand; dmesg | grep NVRM.");
}

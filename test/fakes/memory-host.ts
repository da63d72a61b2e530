// A machine in memory: everything that the agent may touch, scripted by a test and looked at afterwards.
import { SatelliteError } from "../../agent/errors.ts";
import type { NameServerQuestion } from "../../agent/host/dns.ts";
import type { GrpcRequest, GrpcResponse } from "../../agent/host/grpc.ts";
import type {
  Child,
  DownloadRequest,
  DownloadResult,
  Host,
  HttpRequest,
  HttpResponse,
  LineStreamRequest,
  RunOptions,
  RunResult,
  Signal,
  SystemInformation,
} from "../../agent/host/host.ts";
import { MemoryClock } from "./memory-clock.ts";
import { MemoryFiles } from "./memory-files.ts";
import { type MemoryProcess, MemoryProcesses, type ProcessOptions } from "./memory-processes.ts";

type Reach = Awaited<ReturnType<Host["reach"]>>;
type Program = (args: readonly string[], input?: string) => Partial<RunResult> | Promise<Partial<RunResult>>;

/** A command that was started as a child. */
export interface Spawned {
  readonly process: MemoryProcess;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** As the real host has them. */
const MAX_BODY_BYTES = 4 * 2 ** 20;
const MAX_DOWNLOAD_BYTES = 2 ** 30;
const SYSTEM: SystemInformation = {
  hostname: "GPU-1",
  architecture: "x64",
  kernel: "6.8.0-60-generic",
  operatingSystem: "Ubuntu 22.04.5 LTS",
  cpuCount: 8,
  memoryBytes: 64 * 2 ** 30,
  swapBytes: 0,
  addresses: [{ interface: "eth0", address: "192.0.2.10", family: "IPv4" }],
};

export class MemoryHost implements Host {
  readonly clock = new MemoryClock();
  readonly files = new MemoryFiles(this.clock.now);
  readonly processes = new MemoryProcesses(this.files, this.clock);
  readonly hostname = "GPU-1";
  userId = 0;
  readonly processId = 42;
  system: SystemInformation = SYSTEM;
  /** Chance is the same each time, unless a test says otherwise. */
  random = (): number => 0;
  /** Every command line that was run to its end. */
  readonly commands: string[] = [];
  /** Every child that was started. */
  readonly spawned: Spawned[] = [];
  onSpawn: ((spawned: Spawned) => void) | undefined;
  /** How the children that are started behave. */
  childOptions: Omit<ProcessOptions, "name"> = {};
  onFetch: (request: HttpRequest) => HttpResponse | Promise<HttpResponse> = unanswered;
  /** How TCP connections end. */
  onReach: (address: string, port: number) => Reach | Promise<Reach> = () => "refused";
  /** What a URL has to give: it is put where the download goes. */
  readonly downloads = new Map<string, string>();
  onDownload: ((request: DownloadRequest) => void) | undefined;
  /** Names that have addresses; every other one fails. */
  readonly names = new Map<string, readonly string[]>();
  onNameServer: (question: NameServerQuestion) => readonly string[] | Promise<readonly string[]> = unanswered;
  onFollow: (request: LineStreamRequest) => HttpResponse | Promise<HttpResponse> = unanswered;
  onGrpc: (request: GrpcRequest) => GrpcResponse | Promise<GrpcResponse> = unanswered;
  /** Commands whose process survives SIGKILL, as one in state D does: a call that is late does not come back. */
  readonly unkillable = new Set<string>();
  readonly #programs = new Map<string, Program>();

  /** Installs a command. */
  install(command: string, program: Program): void {
    this.#programs.set(command, program);
  }

  /** What is installed under a name, for a fake that answers a part of its arguments itself. */
  installed(command: string): Program | undefined {
    return this.#programs.get(command);
  }

  uninstall(command: string): void {
    this.#programs.delete(command);
  }

  async run(
    command: string,
    args: readonly string[],
    { signal, timeoutSeconds, input }: RunOptions = {},
  ): Promise<RunResult> {
    this.commands.push([command, ...args].join(" "));
    const program = this.#programs.get(command);
    if (program === undefined) throw missing(command);
    const killed = Promise.withResolvers<Partial<RunResult>>();
    const onAbort = () => killed.resolve({ exitCode: 128 });
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const over = new AbortController();
    const result = await Promise.race([
      ...[killed.promise, program(args, input)],
      ...(timeoutSeconds === undefined || this.unkillable.has(command)
        ? []
        : [this.#untilLate(command, timeoutSeconds, over.signal)]),
    ]).finally(() => {
      signal?.removeEventListener("abort", onAbort);
      over.abort();
    });
    return { exitCode: 0, stdout: "", stderr: "", ...result };
  }

  async #untilLate(command: string, timeoutSeconds: number, signal: AbortSignal): Promise<never> {
    await this.clock.sleep(timeoutSeconds * 1000, signal).catch(() => new Promise<never>(() => undefined)); // It ended in time.
    throw new SatelliteError("command-timeout", `${command} did not end in ${timeoutSeconds} s`);
  }

  async download(request: DownloadRequest): Promise<DownloadResult> {
    this.onDownload?.(request);
    const content = this.downloads.get(request.url);
    if (content === undefined) return { status: 404, bytes: 0 };
    if (content.length > (request.maxBytes ?? MAX_DOWNLOAD_BYTES))
      throw new SatelliteError("download-too-large", `${request.url} is too large`);
    this.files.put(request.path, content);
    request.onProgress?.(content.length, content.length);
    return { status: 200, bytes: content.length };
  }

  spawn(command: string, args: readonly string[], environment: Readonly<Record<string, string>>): Child {
    if (!this.#programs.has(command)) throw missing(command);
    const name = command.split("/").at(-1) ?? command;
    const spawned = { process: this.processes.start({ ...this.childOptions, name }), command, args, environment };
    this.spawned.push(spawned);
    this.onSpawn?.(spawned);
    return spawned.process;
  }

  kill(pid: number, signal: Signal): boolean {
    return this.processes.kill(pid, signal);
  }

  async fetch(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.onFetch(request);
    const { url, maxBytes = MAX_BODY_BYTES } = request;
    if (Buffer.byteLength(response.body) > maxBytes)
      throw new SatelliteError("http-failed", `GET ${url} was not answered: longer than ${maxBytes} bytes`);
    return response;
  }

  async reach(address: string, port: number): Promise<Reach> {
    return this.onReach(address, port);
  }

  knock: Host["knock"] = async (address, port) => {
    return this.onReach(address, port);
  };

  /** What a gateway says that its health's digest is; by default it knows of none. */
  onDigest: (address: string) => string | undefined = () => undefined;

  knockForChange: Host["knockForChange"] = async (address, port) => {
    const reach = await this.onReach(address, port);
    const digest = reach === "ok" ? this.onDigest(address) : undefined;
    return { reach, ...(digest === undefined ? {} : { digest }) };
  };

  /** What a gateway says of its role, by its address. */
  readonly roles = new Map<string, "holder" | "standby">();

  async pulse(address: string, port: number): Promise<Reach | "holder" | "standby"> {
    const reached = await this.onReach(address, port);
    return reached === "ok" ? (this.roles.get(address) ?? "ok") : reached;
  }

  async resolve(hostname: string): Promise<readonly string[]> {
    const addresses = this.names.get(hostname);
    if (addresses !== undefined) return addresses;
    throw new SatelliteError("dns-failed", `the name ${hostname} cannot be resolved`, { hint: "cat /etc/resolv.conf" });
  }

  async askNameServer(question: NameServerQuestion): Promise<readonly string[]> {
    return this.onNameServer(question);
  }

  async follow(request: LineStreamRequest): Promise<HttpResponse> {
    return this.onFollow(request);
  }

  async grpc(request: GrpcRequest): Promise<GrpcResponse> {
    return this.onGrpc(request);
  }

  async systemInformation(): Promise<SystemInformation> {
    return this.system;
  }
}

function missing(command: string): SatelliteError {
  return new SatelliteError("command-missing", `${command} could not be started`, { hint: `Install ${command}.` });
}

function unanswered(): never {
  throw new SatelliteError("http-failed", "nobody answers");
}

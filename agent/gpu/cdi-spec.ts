// The CDI specification of the GPUs. With it, containers get devices that a `systemctl daemon-reload` does not take from them.
// It names the driver's files, so each driver needs its own; it is on tmpfs, so each boot needs a new one.
import * as z from "zod";
import { CDI_SPEC, runPaths } from "../config/paths.ts";
import { sha256 } from "../digest.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";
import { GuardedCommand, type StuckCall } from "../nvidia/guarded-command.ts";

/** Who keeps the specification. */
export type CdiOwner = "eks-satellite" | "nvidia-cdi-refresh" | "GPU Operator" | "another program";

/** NVIDIA's toolkit has them from version 1.18 on. */
const REFRESH_UNITS = ["nvidia-cdi-refresh.path", "nvidia-cdi-refresh.service"];
/** Where guides tell administrators to put one by hand. Ours would take precedence over it. */
const STATIC_SPECS = ["/etc/cdi/nvidia.yaml", "/etc/cdi/nvidia.json"];
/** CDI reads only `*.yaml` and `*.json`, so it does not see a file that is half written. */
const CANDIDATE = `${CDI_SPEC}.eks-satellite`;
const CTK_TIMEOUT_SECONDS = 60;
const KNOWN_PROBLEMS: readonly string[] = ["cdi-spec-failed", "nvidia-ctk-stuck"];
const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 10 * 60_000;

const recordSchema = z.object({ key: z.string(), sha256: z.string() });

export interface CdiSpecOptions {
  readonly host: Host;
  readonly log: Log;
  readonly runFolder: string;
}

/** Keeps the specification up to date, unless another program does. */
export class CdiSpec {
  readonly #options: CdiSpecOptions;
  readonly #recordFile: string;
  readonly #retry: Backoff;
  readonly #command: GuardedCommand;
  #linkedFor: string | undefined;
  /** The owner of a specification that is not ours. systemd is asked once for each. */
  #foreign: { readonly sha256: string; readonly owner: CdiOwner } | undefined;
  #notBeforeMs = 0;
  #problem: SatelliteError | undefined;

  constructor(options: CdiSpecOptions) {
    this.#options = options;
    this.#recordFile = runPaths(options.runFolder).cdiSpec;
    this.#command = new GuardedCommand({ host: options.host, name: "nvidia-ctk", explainStuck });
    this.#retry = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: options.host.random });
  }

  /**
   * Generates it when there is none for this key, and returns who keeps it.
   * @param ctk path of nvidia-ctk
   * @param key everything that the specification depends on, as one text
   * @throws cdi-spec-failed, nvidia-ctk-stuck, until a later try succeeds
   */
  async keep(ctk: string, key: string): Promise<CdiOwner> {
    await this.#linkDevices(ctk, key);
    const owner = await this.#findOwner(key);
    if (owner !== undefined) return owner;
    const { clock } = this.#options.host;
    if (clock.monotonic() < this.#notBeforeMs && this.#problem !== undefined) throw this.#problem;
    try {
      await this.#generate(ctk, key);
    } catch (error) {
      this.#problem = asProblem(error);
      this.#notBeforeMs = clock.monotonic() + this.#retry.next(0);
      throw this.#problem;
    }
    this.#retry.reset();
    this.#problem = undefined;
    return "eks-satellite";
  }

  /** Finds who keeps the specification; undefined when there is none yet, or ours describes other devices. */
  async #findOwner(key: string): Promise<CdiOwner | undefined> {
    const { host } = this.#options;
    const spec = await host.files.read(CDI_SPEC);
    const found = spec === undefined ? "" : sha256(spec);
    const record = await readCdiRecord(host, this.#recordFile);
    const isOurs = spec !== undefined && record?.sha256 === found;
    if (isOurs && record.key === key) return "eks-satellite";
    if (spec !== undefined && this.#foreign?.sha256 === found) return this.#foreign.owner;
    const isRefreshed = await isRefreshedBySystemd(host);
    if (isOurs || spec === undefined) {
      if (isRefreshed) return "nvidia-cdi-refresh";
      return spec === undefined && (await hasStaticSpec(host)) ? "another program" : undefined;
    }
    const owner = isRefreshed ? "nvidia-cdi-refresh" : "another program";
    this.#foreign = { sha256: found, owner };
    return owner;
  }

  async #generate(ctk: string, key: string): Promise<void> {
    const { host, log } = this.#options;
    await host.files.makeFolder(CDI_SPEC.slice(0, CDI_SPEC.lastIndexOf("/")), 0o755);
    const args = ["cdi", "generate", "--format=yaml", `--output=${CANDIDATE}`];
    try {
      await this.#command.refuseBesideOthers();
      const { exitCode, stdout, stderr } = await this.#command.run(ctk, args, CTK_TIMEOUT_SECONDS);
      const content = exitCode === 0 ? await host.files.read(CANDIDATE) : undefined;
      if (content === undefined) {
        const words = (stderr || stdout).trim().split("\n").at(-1);
        throw new SatelliteError("cdi-spec-failed", `${ctk} ${args.join(" ")} exited with ${exitCode}: ${words}`, {
          hint: `Run it by hand: ${ctk} cdi generate.`,
        });
      }
      await host.files.setMode(CANDIDATE, 0o644);
      const record = JSON.stringify({ key, sha256: sha256(content) });
      // The record comes first: a specification without one would be taken for another program's.
      await host.files.write(this.#recordFile, record, { mode: 0o600 });
      await host.files.move(CANDIDATE, CDI_SPEC);
      log.info({ path: CDI_SPEC }, "CDI specification of the GPUs written");
    } finally {
      await host.files.remove(CANDIDATE);
    }
  }

  /** Links the devices below /dev/char, by which systemd finds the devices of containers without CDI again. */
  async #linkDevices(ctk: string, key: string): Promise<void> {
    if (this.#linkedFor === key) return;
    this.#linkedFor = key;
    const { log } = this.#options;
    const args = ["system", "create-dev-char-symlinks", "--create-all"];
    const { exitCode, stderr } = await this.#command
      .run(ctk, args, CTK_TIMEOUT_SECONDS)
      .catch((error: Error) => ({ exitCode: 1, stderr: error.message }));
    if (exitCode !== 0)
      log.info(
        { words: stderr.trim().split("\n").at(-1) },
        `no links below /dev/char (${ctk} ${args[0]} ${args[1]}): a systemctl daemon-reload may take GPUs from running containers`,
      );
  }
}

/** Whether a unit of NVIDIA's keeps the specification. Missing units are not an error, only another output. */
async function isRefreshedBySystemd(host: Host): Promise<boolean> {
  const answer = await host.run("systemctl", ["is-enabled", ...REFRESH_UNITS]).catch(() => undefined);
  return answer?.stdout.split("\n").includes("enabled") === true;
}

async function hasStaticSpec(host: Host): Promise<boolean> {
  const found = await Promise.all(STATIC_SPECS.map((path) => host.files.status(path)));
  return found.some((status) => status !== undefined);
}

/** Reads the record of what the daemon wrote; undefined when it wrote nothing. */
export async function readCdiRecord(host: Host, path: string) {
  try {
    return recordSchema.parse(JSON.parse((await host.files.read(path)) ?? ""));
  } catch {
    return undefined; // Damaged or absent: the specification is then not ours.
  }
}

/** Whether the present specification is the daemon's own. */
export async function isOwnCdiSpec(host: Host, runFolder: string): Promise<boolean> {
  const spec = await host.files.read(CDI_SPEC);
  return spec !== undefined && (await readCdiRecord(host, runPaths(runFolder).cdiSpec))?.sha256 === sha256(spec);
}

function explainStuck({ args, pid, seconds }: StuckCall): SatelliteError {
  const which = pid === undefined ? `nvidia-ctk ${args?.slice(0, 2).join(" ") ?? ""}` : `nvidia-ctk (process ${pid})`;
  return new SatelliteError(
    "nvidia-ctk-stuck",
    `${which} hangs in the kernel for ${seconds} s and cannot be killed; no other call is started meanwhile`,
    { hint: "kubectl drain the node, then systemctl reboot; dmesg | grep NVRM says what the driver waits for." },
  );
}

function asProblem(error: unknown): SatelliteError {
  if (error instanceof SatelliteError && KNOWN_PROBLEMS.includes(error.code)) return error;
  return new SatelliteError("cdi-spec-failed", `the CDI specification was not written: ${(error as Error).message}`, {
    hint: "Run nvidia-ctk cdi generate by hand.",
    cause: error,
  });
}

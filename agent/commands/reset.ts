// `eks-satellite reset`: leaves the cluster and restores the machine.
import { type Command, Option } from "commander";
import { alreadyRunning, findLockHolder, takeInstanceLock } from "../apply/instance-lock.ts";
import { readCachedCluster } from "../aws/cluster.ts";
import { readConfigInForce } from "../config/in-force.ts";
import { type LocalConfig, localDefaults } from "../config/machine-config.ts";
import { lockPath, RENTED_FILE, runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { describe, SatelliteError } from "../errors.ts";
import type { FileLock, Host } from "../host/host.ts";
import { createLog } from "../log.ts";
import { type Access, accessAsNode } from "../reset/drain.ts";
import { createReport, type DoneStep, type PlannedStep, type ResetReport } from "../reset/report.ts";
import type { Step } from "../reset/step.ts";
import { createSteps } from "../reset/steps.ts";
import type { CommandContext, Confirm, Print } from "./context.ts";
import { configOption, type OutputFormat, outputOption, parseSeconds } from "./options.ts";

export interface ResetOptions {
  readonly config: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** Remove /etc/eks-satellite too. */
  readonly purge: boolean;
  /** How long evicted pods may take to end. */
  readonly drainSeconds: number;
  readonly output: OutputFormat;
}

export interface ResetContext {
  readonly host: Host;
  /** Asks the user; undefined without a terminal. */
  readonly confirm: Confirm | undefined;
  /** A maintainer script of a package runs this, and dpkg waits for it. */
  readonly isWithinDpkg: boolean;
}

const UNIT = "eks-satellite.service";
const MAX_RENTED_BYTES = 4096;

/** Exit codes: 0 the machine is restored, 1 something is left, 2 not confirmed. */
export const RESET_EXIT = { done: 0, left: 1, refused: 2 } as const;

/** Adds `reset`. */
export function register(program: Command, { host, environment, confirm, print, exitWith }: CommandContext): void {
  program
    .command("reset")
    .description("leave the cluster and restore the machine; exit 0 done, 1 something is left, 2 not confirmed")
    .addOption(configOption())
    .option("--yes", "do not ask for confirmation", false)
    .option("--dry-run", "show what would be done, and do nothing", false)
    .option("--purge", "also remove /etc/eks-satellite, with the configuration and the keys", false)
    .addOption(
      new Option("--drain-seconds <seconds>", "how long evicted pods may take, such as 90 or 5m")
        .default(60)
        .argParser(parseSeconds),
    )
    .addOption(outputOption())
    .action(async (options: ResetOptions) => {
      const isWithinDpkg = environment.DPKG_MAINTSCRIPT_PACKAGE !== undefined;
      exitWith(await resetCommand({ host, confirm, isWithinDpkg }, options, print));
    });
}

/** Runs each step and prints its result. An interrupted reset can be run again. @throws not-root, already-running, confirmation-missing */
export async function resetCommand(
  { host, confirm, isWithinDpkg }: ResetContext,
  options: ResetOptions,
  print: Print,
): Promise<number> {
  if (host.userId !== 0) {
    throw new SatelliteError("not-root", `eks-satellite reset needs root, and runs as user ${host.userId}`, {
      hint: "sudo eks-satellite reset.",
    });
  }
  const config = await readConfigInForce(host, options.config);
  const local: LocalConfig = config ?? localDefaults();
  const report = createReport(options.output, print);
  const log = createLog({ level: "warn", format: "text" }, report.warn);
  const access = config === undefined ? undefined : await findAccess(host, config);
  let held: FileLock | undefined;
  // From there on no daemon starts beside the reset.
  const onStopped = async () => {
    held = await takeInstanceLock(host, local.stateFolder);
  };
  const shared = { host, log, config: local, access, isWithinDpkg, onStopped };
  const steps = createSteps({ ...shared, drainSeconds: options.drainSeconds, isPurge: options.purge });
  const isWork = options.dryRun || !options.yes ? report.plan(await readPlan(steps)) : true;
  if (options.dryRun || !isWork) return report.end(RESET_EXIT.done);
  await refuseOther(host, local.stateFolder);
  if (!options.yes && !(await isConfirmed(options.output === "text" ? confirm : undefined)))
    return report.end(RESET_EXIT.refused);
  // Before the steps: --purge removes the file.
  const rented = await readRented(host);
  const exitCode = await runSteps(steps, report).finally(() => held?.release());
  if (rented !== undefined) report.note(rented);
  return report.end(exitCode);
}

/** @throws confirmation-missing */
async function isConfirmed(confirm: Confirm | undefined): Promise<boolean> {
  if (confirm !== undefined) return confirm("Do all of this? [y/N] ");
  throw new SatelliteError("confirmation-missing", "there is no terminal to ask for confirmation", {
    hint: "eks-satellite reset --dry-run shows what would be done, --yes does it.",
  });
}

/** What goes on after a reset, of a machine that `machine launch` has rented; undefined for all others. */
async function readRented(host: Host): Promise<string | undefined> {
  const found = await host.files.readWithStatus(RENTED_FILE, MAX_RENTED_BYTES).catch(() => undefined); // It is no reason not to reset.
  const [, name] = /^\{"cloud":"lambda","name":"([a-z0-9][a-z0-9-]{0,62})"\}\n?$/.exec(found?.text ?? "") ?? [];
  if (name === undefined) return undefined;
  return `This machine still costs money, and sudo shutdown does not stop that. On your laptop: eks-satellite machine terminate ${name}`;
}

/** The service is stopped by a step of its own; a daemon that was started by hand would go on, and write again what is removed. */
async function refuseOther(host: Host, stateFolder: string): Promise<void> {
  const holder = await findLockHolder(host, stateFolder);
  if (holder === undefined || holder.unit === UNIT) return;
  throw alreadyRunning(holder, lockPath(stateFolder));
}

async function readPlan(steps: readonly Step[]): Promise<readonly PlannedStep[]> {
  const plan: PlannedStep[] = [];
  for (const { name, list } of steps)
    plan.push({ name, lines: await list().catch((error: unknown) => [`unknown: ${describe(error).message}`]) });
  return plan;
}

/** Stops after a step that fails: the next ones would remove what a second run needs, or what a kubelet that still runs needs. */
async function runSteps(steps: readonly Step[], report: ResetReport): Promise<number> {
  for (const { name, run } of steps) {
    const done = await runStep(name, run);
    report.step(done);
    if (done.error === undefined) continue;
    report.note("Stopped there. The record of what to restore is kept: fix the problem, and run reset again.");
    return RESET_EXIT.left;
  }
  report.note("The machine is restored. Images that kubelet pulled and kernel modules that were loaded stay.");
  return RESET_EXIT.done;
}

async function runStep(name: string, run: Step["run"]): Promise<DoneStep> {
  try {
    return { name, left: await run() };
  } catch (error) {
    return { name, left: [], error: describe(error) };
  }
}

/** Reads the last token and the last good facts of the cluster. Without them the API server is not called. */
async function findAccess(host: Host, config: Config): Promise<Access | undefined> {
  const token = (await host.files.read(runPaths(config.runFolder).kubeletToken))?.trim();
  const cluster = await readCachedCluster(host, statePaths(config.stateFolder).cluster, config.cluster);
  return token === undefined || cluster === undefined
    ? undefined
    : accessAsNode(host, { cluster, token, node: config.node.name });
}

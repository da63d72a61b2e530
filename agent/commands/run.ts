// `eks-satellite run`: the daemon.
import type { Command } from "commander";
import { runAgent } from "../agent.ts";
import { type InstanceLock, takeInstanceLock } from "../apply/instance-lock.ts";
import { type LoadedConfig, loadConfigOrLastGood, readConfigInForce } from "../config/in-force.ts";
import { type Config, DEFAULT_STATE_FOLDER } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { createSystemd } from "../health/systemd.ts";
import { createAws } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import type { LogOutput } from "../host/log-output.ts";
import { createLog, type LogFormat, type LogLevel } from "../log.ts";
import { optional } from "../optional.ts";
import type { CommandContext } from "./context.ts";
import { describeRun } from "./program/run-words.ts";

export interface RunOptions {
  /** Path of the configuration file. */
  readonly config: string;
  /** Overrides log.format of the configuration. */
  readonly format?: LogFormat;
  /** Overrides log.level of the configuration. */
  readonly level?: LogLevel;
}

const FOLD = { now: Date.now, schedule: (work: () => void, ms: number) => void setTimeout(work, ms).unref() };

export interface RunContext {
  readonly host: Host;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts this program again, to check the machine; without it the daemon does not. */
  readonly program?: readonly string[];
  /** Receives whole lines. */
  readonly write: (line: string) => void;
  /** What `write` belongs to, where it counts what is lost. */
  readonly output?: LogOutput;
}

/** Adds `run`. */
export function register(program: Command, context: CommandContext): void {
  const { host, environment, openLog, program: self } = context;
  describeRun(program).action(async ({ config, logFormat, logLevel }: CommandLine) => {
    const options = {
      config,
      ...optional({ format: logFormat, level: logLevel }),
    };
    const output = openLog();
    await runCommand({ host, environment, program: self, write: output.write, output }, options, context.stopSignal);
  });
}

interface CommandLine {
  readonly config: string;
  readonly logFormat?: LogFormat;
  readonly logLevel?: LogLevel;
}

/** Runs until the signal aborts. @throws not-root, already-running, config-missing, config-syntax, config-invalid */
export async function runCommand(context: RunContext, options: RunOptions, signal: AbortSignal): Promise<void> {
  const { host } = context;
  if (host.userId !== 0) {
    throw new SatelliteError("not-root", `eks-satellite run needs root, and runs as user ${host.userId}`, {
      hint: "systemctl start eks-satellite, or sudo eks-satellite run.",
    });
  }
  const { stateFolder } = (await readConfigInForce(host, options.config)) ?? { stateFolder: DEFAULT_STATE_FOLDER };
  let lock = await lockFolder(host, stateFolder);
  while (true) {
    const loaded = await loadConfigOrLastGood(host, options.config);
    lock = await lockFolder(host, loaded.config.stateFolder, lock);
    await runOnce(context, options, { loaded, lock }, signal);
    if (signal.aborted) return lock.release();
  }
}

interface FolderLock extends InstanceLock {
  readonly stateFolder: string;
}

/** Locks the folder in place of another one, which is another daemon's to use from then on. @throws already-running */
async function lockFolder(host: Host, stateFolder: string, before?: FolderLock): Promise<FolderLock> {
  if (before?.stateFolder === stateFolder) return before;
  const lock = { ...(await takeInstanceLock(host, stateFolder)), stateFolder };
  await before?.release();
  return lock;
}

/** One run of the agent, until the signal aborts or another configuration is valid. */
async function runOnce(
  { host, environment, program, write, output }: RunContext,
  { config: configFile, ...logOptions }: RunOptions,
  { loaded: { config, problem }, lock }: { readonly loaded: LoadedConfig; readonly lock: FolderLock },
  signal: AbortSignal,
): Promise<void> {
  const atEnd: (() => void)[] = [];
  const fold = { ...FOLD, atEnd: (work: () => void) => void atEnd.push(work) };
  const log = createLog({ ...config.log, ...logOptions, fold }, write, environment);
  if (lock.problem !== undefined)
    log.warn({ err: lock.problem }, "the state folder cannot be locked against a second daemon");
  if (output !== undefined) output.onRecovered = (lines) => log.warn({ lines }, "lines of the log were lost");
  const awsFor = (one: Config) => createAws(one.cluster.region, one.aws.endpoints);
  const aws = awsFor(config);
  // When the agent ends, for whatever reason, its loops must end too, or the process would go on.
  const end = new AbortController();
  const options = {
    ...{ host, aws, awsFor, config, configProblem: problem, configFile, log, logOutput: output, environment, program },
    onConfigChange: () => end.abort(),
  };
  await runAgent(options, AbortSignal.any([signal, end.signal])).finally(() => end.abort());
  if (signal.aborted) {
    await createSystemd(host, log, environment).stopping();
    log.info("stopped; pods keep running");
  } else log.info({ file: configFile }, "the configuration has changed and is applied; pods keep running");
  for (const work of atEnd) work();
}

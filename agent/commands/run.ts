// `eks-satellite run`: the daemon.
import { type Command, Option } from "commander";
import { runAgent } from "../agent.ts";
import { loadConfigOrLastGood } from "../config/load.ts";
import { SatelliteError } from "../errors.ts";
import { createSystemd } from "../health/systemd.ts";
import { createAws } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import type { LogOutput } from "../host/log-output.ts";
import { createLog, LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../log.ts";
import { optional } from "../optional.ts";
import type { CommandContext } from "./context.ts";
import { configOption } from "./options.ts";

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
  /** Receives whole lines. */
  readonly write: (line: string) => void;
  /** What `write` belongs to, where it counts what is lost. */
  readonly output?: LogOutput;
}

/** Adds `run`. */
export function register(program: Command, { host, environment, openLog, stopSignal }: CommandContext): void {
  program
    .command("run")
    .description("run the daemon: join the cluster and keep this machine in it")
    .addOption(configOption())
    .addOption(new Option("--log-format <format>", "overrides log.format").choices(LOG_FORMATS))
    .addOption(new Option("--log-level <level>", "overrides log.level").choices(LOG_LEVELS))
    .action(async ({ config, logFormat, logLevel }: CommandLine) => {
      const options = {
        config,
        ...optional({ format: logFormat, level: logLevel }),
      };
      const output = openLog();
      await runCommand({ host, environment, write: output.write, output }, options, stopSignal);
    });
}

interface CommandLine {
  readonly config: string;
  readonly logFormat?: LogFormat;
  readonly logLevel?: LogLevel;
}

/** Runs until the signal aborts. @throws not-root, config-missing, config-syntax, config-invalid */
export async function runCommand(
  { host, environment, write, output }: RunContext,
  { config: configFile, ...logOptions }: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  if (host.userId !== 0) {
    throw new SatelliteError("not-root", `eks-satellite run needs root, and runs as user ${host.userId}`, {
      hint: "systemctl start eks-satellite, or sudo eks-satellite run.",
    });
  }
  for (;;) {
    const { config, problem } = await loadConfigOrLastGood(host, configFile);
    const atEnd: (() => void)[] = [];
    const fold = { ...FOLD, atEnd: (work: () => void) => void atEnd.push(work) };
    const log = createLog({ ...config.log, ...logOptions, fold }, write, environment);
    if (output !== undefined) output.onRecovered = (lines) => log.warn({ lines }, "lines of the log were lost");
    const aws = createAws(config.cluster.region, config.aws.endpoints);
    // When the agent ends, for whatever reason, its loops must end too, or the process would go on.
    const end = new AbortController();
    const options = {
      ...{ host, aws, config, configProblem: problem, configFile, log, logOutput: output, environment },
      onConfigChange: () => end.abort(),
    };
    await runAgent(options, AbortSignal.any([signal, end.signal])).finally(() => end.abort());
    if (signal.aborted) {
      await createSystemd(host, log, environment).stopping();
      log.info("stopped; pods keep running");
    } else log.info({ file: configFile }, "the configuration has changed and is applied; pods keep running");
    for (const work of atEnd) work();
    if (signal.aborted) return;
  }
}

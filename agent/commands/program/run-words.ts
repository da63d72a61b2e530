// `eks-satellite run` as it is typed, without the daemon: help and completion are rendered from it.
import { type Command, Option } from "commander";
import { LOG_FORMATS, LOG_LEVELS } from "../../log.ts";
import { configOption } from "../options.ts";

/** Adds `run` with its options. What it does is its caller's. */
export function describeRun(program: Command): Command {
  return program
    .command("run")
    .description("run the daemon: join the cluster and keep this machine in it")
    .addOption(configOption())
    .addOption(new Option("--log-format <format>", "overrides log.format").choices(LOG_FORMATS))
    .addOption(new Option("--log-level <level>", "overrides log.level").choices(LOG_LEVELS));
}

/** Adds `run` where the daemon is not: it is another file's, which is loaded when `run` is the first word. */
export function registerRunWords(program: Command): void {
  const run = describeRun(program);
  run.action(() => run.error("error: 'run' is to be the first word: eks-satellite run"));
}

// `eks-satellite config`: whether a configuration is valid, and what is in force with where each value comes from. Changes nothing.
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { configOption, outputOption } from "../options.ts";
import { type ShowOptions, showCommand } from "./show.ts";
import { registerValidate } from "./validate.ts";

/** Adds `config`. */
export function register(program: Command, context: CommandContext): void {
  const { host, print, printError } = context;
  registerValidate(program, context)
    .command("show")
    .description("show the keys that are set and where, without secrets")
    .addOption(configOption())
    .option("--effective", "show what is in force: every key, also those that have their default", false)
    .addOption(outputOption())
    .action(async (options: ShowOptions) => showCommand(host, options, { print, printError }));
}

// `eks-satellite config validate`: whether a configuration is valid, on any computer.
import type { Command } from "commander";
import { DEFAULT_CONFIG_PATH, loadConfig, parseWhole } from "../../config/load.ts";
import { describe, SatelliteError } from "../../errors.ts";
import type { LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";

const MAX_INPUT_BYTES = 256 * 1024;

export interface ValidateOptions {
  readonly output: OutputFormat;
}

type ValidateContext = Pick<LaptopContext, "host" | "readInput">;

/** Adds `config` with this command alone. */
export function registerValidate(program: Command, { host, readInput, print, exitWith }: LaptopContext): Command {
  const config = program.command("config").description("look at the configuration, and change nothing");
  config
    .command("validate")
    .description("say what is wrong with a configuration, line by line; exit 0 valid, 1 not valid")
    .argument("[file]", "configuration file, or - for standard input", DEFAULT_CONFIG_PATH)
    .addOption(outputOption())
    .action(async (file: string, options: ValidateOptions) =>
      exitWith(await validateCommand({ host, readInput }, { ...options, file }, print)),
    );
  return config;
}

/** Prints that the file is valid, or throws what is wrong with it; as JSON both are printed. @throws config-missing, config-syntax, config-invalid */
export async function validateCommand(
  { host, readInput }: ValidateContext,
  { file, output }: ValidateOptions & { readonly file: string },
  print: Print,
): Promise<number> {
  try {
    const { cluster, node } =
      file === "-"
        ? await parseWhole(await readInput(MAX_INPUT_BYTES), "standard input", host.hostname)
        : await loadConfig(host, file);
    if (output === "json") print(`${JSON.stringify({ file, valid: true, problems: [] }, undefined, 2)}\n`);
    else print(`${file} is valid: node ${node.name} of ${cluster.name} in ${cluster.region}\n`);
    return 0;
  } catch (error) {
    if (output === "text") throw error;
    const parts = error instanceof SatelliteError && error.parts.length > 0 ? error.parts : [error];
    const problems = parts.map(describe).map(({ code, message, hint }) => ({ code, message, hint }));
    print(`${JSON.stringify({ file, valid: false, problems }, undefined, 2)}\n`);
    return 1;
  }
}

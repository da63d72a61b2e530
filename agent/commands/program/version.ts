// `eks-satellite version`.
import type { Command } from "commander";
import { VERSION } from "../../version.ts";
import type { LaptopContext } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";

/** Adds `version`. */
export function register(program: Command, { print }: Pick<LaptopContext, "print">): void {
  program
    .command("version")
    .description("print the version")
    .addOption(outputOption())
    .action(({ output }: { output: OutputFormat }) =>
      print(output === "json" ? `${JSON.stringify({ version: VERSION })}\n` : `${VERSION}\n`),
    );
}

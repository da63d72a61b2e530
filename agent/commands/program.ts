// The command line: every command with its options and help, as main.ts runs it and the reference pages describe it.
import { Command } from "commander";
import { oneLine, withoutControls } from "../foreign-text.ts";
import { VERSION } from "../version.ts";
import { addHelp } from "./help/help.ts";

/** Adds a command, or a group of them. */
export type Register<Context> = (program: Command, context: Context) => void;

/** Creates the command line of these commands, in the order of `--help`. Nothing of the context is used before a command runs. */
export function createProgram<Context>(context: Context, commands: readonly Register<Context>[]): Command {
  const program = new Command("eks-satellite")
    .description("Makes this machine a node of an EKS cluster, and keeps it one.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(renderUsageError(text)) });
  for (const register of commands) register(program, context);
  addHelp(program);
  return program;
}

/** As every other error of the program; a word of the command line may hold anything. */
function renderUsageError(text: string): string {
  const sentence = oneLine(withoutControls(text).replace(/^error: /, "")).trim();
  return `ERROR ${sentence} → eks-satellite --help lists the commands and their options. code=usage\n`;
}

// The command line for what was typed: an administrator's commands are loaded when no command of this machine is meant.
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { leavesOf } from "../help/help.ts";
import { createProgram } from "../program.ts";
import { withLocal } from "./local.ts";

/** Creates the command line, whole where help is asked for. @param argv the words after the program's name */
export async function openProgram(context: CommandContext, argv: readonly string[]): Promise<Command> {
  const local = createProgram(context, withLocal([]));
  if (leavesOf(local).some(({ name }) => beginsWith(argv, name.split(" ")))) return local;
  const { ADMIN_COMMANDS } = await import("./administrator.ts");
  return createProgram(context, withLocal(ADMIN_COMMANDS));
}

function beginsWith(argv: readonly string[], words: readonly string[]): boolean {
  return words.every((word, index) => argv[index] === word);
}

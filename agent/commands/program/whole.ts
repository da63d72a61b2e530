// The whole command line at once, for what is rendered from it: reference pages, completions and manual pages.
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { createProgram } from "../program.ts";
import { ADMIN_COMMANDS } from "./administrator.ts";
import { withLocal } from "./local.ts";

/** Creates it. Commands read their context only when they run. */
export function createWholeProgram(context: CommandContext): Command {
  return createProgram(context, withLocal(ADMIN_COMMANDS));
}

// The command line of the npm package: what an administrator needs, on any computer. Nothing of it touches a node's machine.
import type { Command } from "commander";
import { SatelliteError } from "../../errors.ts";
import { registerValidate } from "../config/validate.ts";
import type { LaptopContext } from "../context.ts";
import { register as registerExplain } from "../explain/explain.ts";
import { DOCUMENTATION_URL } from "../help/help.ts";
import { createProgram, type Register } from "../program.ts";
import { ADMIN_COMMANDS } from "./administrator.ts";
import { register as registerVersion } from "./version.ts";

const COMMANDS: readonly Register<LaptopContext>[] = [
  ...ADMIN_COMMANDS,
  registerExplain,
  registerValidate,
  registerVersion,
];

/** The commands that this program lacks, since they are about the machine that they run on. */
export const LEFT_OUT: readonly string[] = [
  ...[
    "run",
    "plan",
    "check",
    "status",
    "history",
    "bundle",
    "inventory",
    "configure",
    "config show",
    "reset",
    "tunnel-key",
  ],
  "gateway run",
];

/** Creates the command line. @throws not-on-this-computer, for a command of a node's machine */
export function openLaptopProgram(context: LaptopContext, argv: readonly string[]): Command {
  const name = LEFT_OUT.find((words) => words.split(" ").every((word, index) => argv[index] === word));
  if (name !== undefined)
    throw new SatelliteError("not-on-this-computer", `eks-satellite ${name} is about the machine that it runs on`, {
      hint: `Run it there: the packages for Linux have it, and the one from npm has an administrator's commands. See ${DOCUMENTATION_URL}/how-to/from-a-laptop.md.`,
    });
  return createProgram(context, COMMANDS).description("Lets machines outside AWS be nodes of an EKS cluster.");
}

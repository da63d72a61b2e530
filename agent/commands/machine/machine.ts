// `eks-satellite machine`: machines of Lambda Cloud, as an administrator rents them.
import type { Command } from "commander";
import type { LaptopContext } from "../context.ts";
import { registerLaunch } from "./launch.ts";
import { registerList } from "./list.ts";
import { registerRestart } from "./restart.ts";
import { registerShow } from "./show.ts";
import { registerTerminate } from "./terminate.ts";
import { registerTypes } from "./types.ts";

/** Adds `machine` with its commands. */
export function register(program: Command, context: LaptopContext): void {
  const machine = program.command("machine").description("administrator: machines of Lambda Cloud");
  registerTypes(machine, context);
  registerLaunch(machine, context);
  registerList(machine, context);
  registerShow(machine, context);
  registerRestart(machine, context);
  registerTerminate(machine, context);
}

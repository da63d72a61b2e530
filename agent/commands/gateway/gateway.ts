// `eks-satellite gateway`: the way from the cluster's network to satellites. An administrator makes it; `run` is the gateway itself.
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { registerCheck } from "./check.ts";
import { registerCreate } from "./create.ts";
import { registerDelete } from "./delete.ts";
import { registerList } from "./list.ts";
import { registerRun } from "./run.ts";

/** Adds `gateway` with its commands. */
export function register(program: Command, context: CommandContext): void {
  const gateway = program
    .command("gateway")
    .description("the gateway through which the cluster's network reaches satellites");
  registerCreate(gateway, context);
  registerList(gateway, context);
  registerCheck(gateway, context);
  registerDelete(gateway, context);
  registerRun(gateway, context);
}

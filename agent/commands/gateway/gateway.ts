// `eks-satellite gateway`: the way from the cluster's network to satellites.
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { registerRun } from "./run.ts";

/** Adds `gateway` with its commands. */
export function register(program: Command, context: CommandContext): void {
  const gateway = program
    .command("gateway")
    .description("the gateway through which the cluster's network reaches satellites");
  registerRun(gateway, context);
}

// The group of the commands of `gateway`, which are an administrator's and the gateway's own.
import type { Command } from "commander";

/** The group in a program, which is added where there is none. */
export function gatewayGroup(program: Command): Command {
  const description = "the gateway through which the cluster's network reaches satellites";
  return (
    program.commands.find((command) => command.name() === "gateway") ??
    program.command("gateway").description(description)
  );
}

// The command line: every command with its options and help, read by main.ts and by the reference pages.
import { Command } from "commander";
import { oneLine, withoutControls } from "../foreign-text.ts";
import { VERSION } from "../version.ts";
import { register as registerAuthorize } from "./authorize.ts";
import { register as registerBundle } from "./bundle.ts";
import { register as registerCheck } from "./check.ts";
import { register as registerClusters } from "./clusters/clusters.ts";
import { register as registerToken } from "./clusters/token.ts";
import { register as registerConfig } from "./config/config.ts";
import { register as registerConfigure } from "./configure.ts";
import type { CommandContext } from "./context.ts";
import { register as registerEni } from "./eni.ts";
import { register as registerExplain } from "./explain/explain.ts";
import { register as registerGateway } from "./gateway/gateway.ts";
import { addHelp } from "./help/help.ts";
import { register as registerHistory } from "./history/history.ts";
import { register as registerMachine } from "./machine/machine.ts";
import { register as registerNodeName } from "./node-name.ts";
import { type OutputFormat, outputOption } from "./options.ts";
import { register as registerPlan } from "./plan.ts";
import { register as registerReset } from "./reset.ts";
import { register as registerRevoke } from "./revoke.ts";
import { register as registerRun } from "./run.ts";
import { register as registerStatus } from "./status.ts";
import { register as registerTunnelKey } from "./tunnel-key/tunnel-key.ts";
import { register as registerUserData } from "./user-data/user-data.ts";
import { register as registerVerify } from "./verify/verify.ts";

/** In the order of `--help`. */
const COMMANDS: readonly ((program: Command, context: CommandContext) => void)[] = [
  registerRun,
  registerPlan,
  registerCheck,
  registerStatus,
  registerHistory,
  registerExplain,
  registerBundle,
  registerConfigure,
  registerConfig,
  registerReset,
  registerAuthorize,
  registerRevoke,
  registerEni,
  registerNodeName,
  registerClusters,
  registerUserData,
  registerMachine,
  registerGateway,
  registerVerify,
  registerToken,
  registerTunnelKey,
  registerVersion,
];

/** Creates the whole command line. Nothing of the context is used before a command runs. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("eks-satellite")
    .description("Makes this machine a node of an EKS cluster, and keeps it one.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(renderUsageError(text)) });
  for (const register of COMMANDS) register(program, context);
  addHelp(program);
  return program;
}

/** As every other error of the program; a word of the command line may hold anything. */
function renderUsageError(text: string): string {
  const sentence = oneLine(withoutControls(text).replace(/^error: /, "")).trim();
  return `ERROR ${sentence} → eks-satellite --help lists the commands and their options. code=usage\n`;
}

function registerVersion(program: Command, { print }: CommandContext): void {
  program
    .command("version")
    .description("print the version")
    .addOption(outputOption())
    .action(({ output }: { output: OutputFormat }) =>
      print(output === "json" ? `${JSON.stringify({ version: VERSION })}\n` : `${VERSION}\n`),
    );
}

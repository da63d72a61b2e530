// The options of `machine terminate`, and what of them goes together.
import { type Command, Option } from "commander";
import type { Administrator } from "../../admin/cluster-access.ts";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { SatelliteError } from "../../errors.ts";
import type { LaptopContext } from "../context.ts";
import {
  contextOption,
  kubeconfigOption,
  type OutputFormat,
  outputOption,
  parseRegion,
  parseSeconds,
  profileOption,
} from "../options.ts";
import { type LambdaOptions, lambdaKeyOption } from "./options.ts";

export interface TerminateOptions extends LambdaOptions {
  readonly cluster?: string;
  readonly region?: string;
  readonly roleArn?: string;
  readonly revoke: boolean;
  /** Seconds. */
  readonly drainSeconds: number;
  readonly backupFolder: string;
  readonly profile?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly output: OutputFormat;
}

export interface TerminateContext
  extends Pick<LaptopContext, "host" | "confirm" | "print" | "printError" | "stopSignal"> {
  readonly openAdmin: (region: string) => Promise<Administrator>;
  readonly openLambda: () => Promise<LambdaApi>;
}

/** Adds them. */
export function addTerminateOptions(command: Command): Command {
  return command
    .option("--cluster <name>", "EKS cluster of the Nodes (default: as the machine's tag says)")
    .addOption(new Option("--region <region>", "region of that cluster").argParser(parseRegion))
    .option("--revoke", "also remove the access and the role that were made for each", false)
    .option("--role-arn <arn>", "with --revoke: the role (default: eks-satellite-NAME)")
    .addOption(
      new Option("--drain-seconds <seconds>", "how long evicted pods may take, such as 90 or 5m")
        .default(60)
        .argParser(parseSeconds),
    )
    .option("--backup-folder <folder>", "where aws-auth is saved before it is changed", ".")
    .addOption(profileOption())
    .addOption(kubeconfigOption("work on the cluster"))
    .addOption(contextOption())
    .addOption(lambdaKeyOption())
    .option("--yes", "do not ask for confirmation", false)
    .option("--dry-run", "show what would be ended and deleted, and do nothing", false)
    .addOption(outputOption());
}

/** @throws options-invalid */
export function checkTerminateOptions({ cluster, region, roleArn, revoke }: TerminateOptions): void {
  const refuse = (problem: string, hint: string) => {
    throw new SatelliteError("options-invalid", problem, { hint });
  };
  if ((cluster === undefined) !== (region === undefined))
    refuse(
      "--cluster and --region belong together",
      "Give both, or none: the machine's tag says which cluster it is of.",
    );
  if (roleArn !== undefined && !revoke) refuse("--role-arn needs --revoke", "It is the role whose access is removed.");
}

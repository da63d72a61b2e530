// The administrator's commands on the command line. What they need of AWS is loaded when one of them is run.
import { type Command, Option } from "commander";
import { METHODS } from "../admin/method.ts";
import type { Host } from "../host/host.ts";
import type { AuthorizeOptions } from "./authorize.ts";
import type { RevokeOptions } from "./revoke.ts";

export interface AdminTerminal {
  readonly host: Host;
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly print: (text: string) => void;
  readonly exitWith: (exitCode: number) => void;
}

/** Adds `authorize` and `revoke`. */
export function addAdminCommands(program: Command, { host, confirm, print, exitWith }: AdminTerminal): void {
  addShared(program.command("authorize"))
    .description("administrator: let a role or a user be a node of a cluster; exit 0 done, 1 error, 2 not confirmed")
    .option(
      "--node-name <name>",
      "the node; needed for a user and with --create-role, where it may be given again",
      collect,
      [],
    )
    .addOption(
      new Option("--identity <identity>", "the machine's node.identity")
        .choices(["hybrid", "fargate"])
        .default("hybrid"),
    )
    .option("--create-role [name]", "make the role too, with least rights (default: eks-satellite-NODE)")
    .option("--trusted-arn <arn>", "who may take the new role on: the user or role whose keys the machine holds")
    .addOption(
      new Option(
        "--print <format>",
        "print what --create-role makes, for the account of --trusted-arn, and ask AWS nothing",
      ).choices(["json", "terraform"]),
    )
    .action(async (options: AuthorizeOptions & Chain) => {
      const { authorizeCommand } = await import("./authorize.ts");
      exitWith(await authorizeCommand({ openAdmin: () => createAdmin(host, options), confirm }, options, print));
    });
  addShared(program.command("revoke"))
    .description("administrator: take back what authorize did; exit 0 done, 1 error, 2 not confirmed")
    .option("--node-name <name>", "the node of a user")
    .action(async (options: RevokeOptions & Chain) => {
      const { revokeCommand } = await import("./revoke.ts");
      exitWith(await revokeCommand({ openAdmin: () => createAdmin(host, options), confirm }, options, print));
    });
}

/** AWS's default chain is asked for keys of this profile. */
interface Chain {
  readonly region: string;
  readonly profile?: string;
}

function addShared(command: Command): Command {
  return command
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "its region")
    .option("--role-arn <arn>", "the role that nodes take on")
    .option("--user-arn <arn>", "an IAM user that is one node")
    .addOption(new Option("--method <method>", "how the cluster knows it").choices(METHODS).default("auto"))
    .option("--profile <name>", "profile of your AWS credentials (default: AWS_PROFILE)")
    .option("--backup-folder <folder>", "where aws-auth is saved before it is changed", ".")
    .option("--yes", "do not ask", false)
    .option("--dry-run", "show what would be changed", false)
    .addOption(new Option("--output <format>", "text or json").choices(["text", "json"]).default("text"));
}

function collect(name: string, names: readonly string[]): readonly string[] {
  return [...names, name];
}

async function createAdmin(host: Host, { region, profile }: Chain) {
  const [{ createAws }, { createAdminAws }] = await Promise.all([
    import("../host/aws.ts"),
    import("../host/admin-aws.ts"),
  ]);
  return { host, aws: createAws(region, {}), adminAws: createAdminAws(region, profile) };
}

// `eni` and `node-name` on the command line. What they need of AWS is loaded when one of them is run.
import { type Command, Option } from "commander";
import { SUFFIX_FORMS } from "../config/fargate-name.ts";
import type { Host } from "../host/host.ts";
import type { AdminTerminal } from "./admin-commands.ts";
import type { CreateOptions, DeleteOptions, ListOptions } from "./eni.ts";
import type { NodeNameOptions } from "./node-name.ts";

/** AWS's default chain is asked for keys of this profile. */
interface Chain {
  readonly region: string;
  readonly profile?: string;
}

/** Adds `eni` with its commands, and `node-name`. */
export function addEniCommands(program: Command, { host, confirm, print, exitWith }: AdminTerminal): void {
  const contextOf = (chain: Chain) => ({ openAdmin: () => createAdmin(host, chain), confirm });
  const eni = program
    .command("eni")
    .description("administrator: network interfaces that keep addresses, and so names, for nodes of identity fargate");
  addShared(eni.command("create"))
    .description("make one; the same --name makes none twice; exit 0 done, 1 error, 2 not confirmed")
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--subnet <id>", "subnet of the cluster's VPC that gives the address")
    .option("--security-group <id>", "security group of that VPC; may be given again", collect, [])
    .option("--name <name>", "name of the interface, of which there is one in a cluster")
    .option("--yes", "do not ask", false)
    .action(async (options: CreateOptions & Chain) => {
      const { createEniCommand } = await import("./eni.ts");
      exitWith(await createEniCommand(contextOf(options), options, print));
    });
  addShared(eni.command("list"))
    .description("those of nodes, with the names that follow")
    .option("--cluster <name>", "of this cluster alone")
    .action(async (options: ListOptions & Chain) => {
      const { listEniCommand } = await import("./eni.ts");
      exitWith(await listEniCommand(contextOf(options), options, print));
    });
  addShared(eni.command("delete"))
    .description("delete what create made, unless it is attached; exit 0 done, 1 error, 2 not confirmed")
    .argument("<eni...>", "their ids")
    .option("--cluster <name>", "refuse those of other clusters")
    .option("--yes", "do not ask", false)
    .option("--dry-run", "show what would be deleted", false)
    .action(async (ids: readonly string[], options: DeleteOptions & Chain) => {
      const { deleteEniCommand } = await import("./eni.ts");
      exitWith(await deleteEniCommand(contextOf(options), ids, options, print));
    });
  addShared(program.command("node-name"))
    .description("administrator: print the name of the node that has a network interface")
    .option("--eni <id>", "the interface; AWS is asked for its address")
    .option("--ip <address>", "its private address; nobody is asked")
    .action(async (options: NodeNameOptions & Chain) => {
      const { nodeNameCommand } = await import("./node-name.ts");
      exitWith(await nodeNameCommand(contextOf(options), options, print));
    });
}

function addShared(command: Command): Command {
  return command
    .requiredOption("--region <region>", "region of the cluster")
    .addOption(
      new Option("--suffix <form>", "of node names; aws: ec2.internal in us-east-1, regional: REGION.compute.internal")
        .choices(SUFFIX_FORMS)
        .default("aws"),
    )
    .option("--profile <name>", "profile of your AWS credentials (default: AWS_PROFILE)")
    .addOption(new Option("--output <format>", "text or json").choices(["text", "json"]).default("text"));
}

function collect(id: string, ids: readonly string[]): readonly string[] {
  return [...ids, id];
}

async function createAdmin(host: Host, { region, profile }: Chain) {
  const [{ createAws }, { createEc2 }, { createAdminAws }] = await Promise.all([
    import("../host/aws.ts"),
    import("../host/ec2.ts"),
    import("../host/admin-aws.ts"),
  ]);
  return {
    host,
    aws: createAws(region, {}),
    adminAws: createAdminAws(region, profile),
    ec2: createEc2(region, { profile }),
  };
}

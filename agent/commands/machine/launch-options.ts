// The options of `machine launch`, and what of them goes together.
import { type Command, Option } from "commander";
import { parseOpening } from "../../admin/machine/open.ts";
import { METHODS, type Method } from "../../admin/method.ts";
import { checkNodeName } from "../../admin/node-name-rules.ts";
import { SatelliteError } from "../../errors.ts";
import {
  collect,
  contextOption,
  kubeconfigOption,
  type OutputFormat,
  outputOption,
  parseRegion,
  parseSeconds,
  profileOption,
} from "../options.ts";
import type { UserDataOptions } from "../user-data/options.ts";
import { addReleaseOptions, type ReleaseOptions } from "../user-data/release-options.ts";
import { type LambdaOptions, lambdaKeyOption } from "./options.ts";

export interface LaunchOptions extends LambdaOptions, ReleaseOptions {
  readonly type: string;
  readonly cloudRegion: string;
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
  readonly createRole?: string | true;
  readonly trustedArn?: string;
  readonly tunnel: boolean;
  readonly method: Method;
  readonly backupFolder: string;
  readonly ignoreObstacles: boolean;
  readonly credentialsFile?: string;
  readonly ssmActivation: boolean;
  readonly ssmRole?: string;
  readonly set: readonly string[];
  readonly join: "user-data" | "ssh";
  readonly sshUser: string;
  readonly sshIdentity?: string;
  readonly sshKey?: string;
  readonly sshPublicKey?: string;
  readonly imageFamily?: string;
  readonly imageId?: string;
  readonly fileSystem: readonly string[];
  readonly open: readonly string[];
  readonly proxy?: string;
  readonly proxyExceptions?: string;
  readonly ca?: string;
  /** Seconds. */
  readonly waitForCapacity: number;
  /** Seconds. */
  readonly wait: number;
  readonly profile?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly output: OutputFormat;
}

/** Lambda's pattern of a host name. */
const HOSTNAME = /^[a-z0-9][0-9a-z-]{0,62}$/;
/** A machine of eight GPUs takes a quarter of an hour to boot. */
const DEFAULT_WAIT_SECONDS = 1500;

/** Adds them; what `authorize` and `user-data` have is named as there. */
export function addLaunchOptions(command: Command): Command {
  return addReleaseOptions(addClusterOptions(addMachineOptions(command)))
    .addOption(profileOption())
    .addOption(kubeconfigOption("work on the cluster"))
    .addOption(contextOption())
    .addOption(lambdaKeyOption())
    .option("--yes", "do not ask for confirmation", false)
    .option("--dry-run", "show what would be made, and make nothing", false)
    .addOption(outputOption());
}

function addMachineOptions(command: Command): Command {
  return command
    .requiredOption("--type <type>", "type of the machine: eks-satellite machine types")
    .requiredOption("--cloud-region <region>", "region of Lambda, or any: the first with capacity")
    .option("--ssh-key <name>", "SSH key of the Lambda account (default: its only one)")
    .option("--ssh-public-key <file>", "public key that is added to the account, unless it is there")
    .option("--image-family <family>", "latest image of this family (default: Lambda's own)")
    .option("--image-id <id>", "this image")
    .option("--file-system <name>", "file system of the same region; may be repeated", collect, [])
    .option(
      "--open <protocol:port[:cidr]>",
      "let packets in to a port, or to ports A-B; without a network from this machine's public address; may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--wait-for-capacity <time>", "wait this long for capacity, such as 1h")
        .default(0)
        .argParser(parseSeconds),
    )
    .addOption(
      new Option("--wait <time>", "wait this long until the Node is Ready; 0 does not wait")
        .default(DEFAULT_WAIT_SECONDS)
        .argParser(parseSeconds),
    );
}

function addClusterOptions(command: Command): Command {
  return command
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .option("--role-arn <arn>", "role that makes the machine the node")
    .option("--create-role [name]", "create that role, with least privilege (default: eks-satellite-NAME)")
    .option("--trusted-arn <arn>", "who may assume the new role (default: whose keys the machine gets)")
    .option("--tunnel", "give the node an address in the tunnel to the cluster's gateway", false)
    .addOption(new Option("--method <method>", "how the cluster learns of the role").choices(METHODS).default("auto"))
    .option("--backup-folder <folder>", "where aws-auth is saved before it is changed", ".")
    .option("--ignore-obstacles", "launch although the cluster seems to keep the machine out", false)
    .addOption(
      new Option("--join <way>", "by user data; or over ssh, and then no key is in user data")
        .choices(["user-data", "ssh"])
        .default("user-data"),
    )
    .option("--ssh-user <name>", "with --join ssh: user of the image who may use sudo", "ubuntu")
    .option("--ssh-identity <file>", "with --join ssh: private key (default: as ssh chooses)")
    .option("--credentials-file <file>", "file here with AWS keys for the machine; - for standard input")
    .option("--ssm-activation", "make an SSM activation of one machine and one hour, which gives it keys", false)
    .option("--ssm-role <name>", "role that the SSM agent of the machine gets")
    .option("--set <key=value>", "any key of the machine's configuration; may be repeated", collect, [])
    .option("--proxy <url>", "proxy of the machine for HTTPS and HTTP")
    .option("--proxy-exceptions <list>", "what the machine reaches without it (default: 169.254.169.254)")
    .option("--ca <file>", "certificate authorities that the machine is to trust, PEM");
}

/** What can be said of the options alone. @throws options-invalid, node-name-invalid */
export function checkLaunchOptions(name: string, options: LaunchOptions): void {
  checkNodeName(name, "hybrid");
  if (!HOSTNAME.test(name))
    throw misuse(`${name} is no host name that Lambda takes`, "Letters a-z, digits and -, without dots.");
  for (const opening of options.open) parseOpening(opening);
  const pairs = [
    ["--role-arn", options.roleArn, "--create-role", options.createRole],
    ["--ssh-key", options.sshKey, "--ssh-public-key", options.sshPublicKey],
    ["--image-family", options.imageFamily, "--image-id", options.imageId],
  ] as const;
  for (const [one, given, other, second] of pairs)
    if (given !== undefined && second !== undefined)
      throw misuse(`${one} and ${other} are both given`, "Give one of them.");
  if (options.roleArn === undefined && options.createRole === undefined)
    throw misuse("nothing says which role makes the machine a node", "--create-role makes one; --role-arn names one.");
  if (options.trustedArn !== undefined && options.createRole === undefined)
    throw misuse("--trusted-arn needs --create-role", "It is who may assume the new role.");
  if (options.join === "user-data" && options.sshIdentity !== undefined)
    throw misuse("--ssh-identity needs --join ssh", "With user data nothing is done over ssh.");
  if (options.join === "ssh" && options.wait === 0)
    throw misuse(
      "--join ssh cannot be with --wait 0",
      "Only a launch that waits for the machine can join it over ssh.",
    );
}

/** The same, for what renders user data. @param roleArn of the plan, which may create it */
export function toUserDataOptions(name: string, roleArn: string, options: LaunchOptions): UserDataOptions {
  const { roleArn: _, join, output: __, wait: ___, ...shared } = options;
  const isSsh = join === "ssh";
  return {
    ...shared,
    nodeName: name,
    roleArn,
    format: isSsh ? "script" : "cloud-config",
    encoding: "plain",
    showSecrets: false,
    // Over ssh the launch itself waits for the Node.
    ...(isSsh ? { wait: 0 } : {}),
  };
}

function misuse(problem: string, hint: string): SatelliteError {
  return new SatelliteError("options-invalid", problem, { hint });
}

// The options of `user-data`, and what of them goes together.
import { type Command, Option } from "commander";
import { type KeySource, namesSource } from "../../admin/user-data/boot-config.ts";
import { ENCODINGS, type Encoding } from "../../admin/user-data/encode.ts";
import type { Setting } from "../../admin/user-data/settings.ts";
import { FORMATS, type Format } from "../../admin/user-data/user-data.ts";
import { NODE_IDENTITIES, type NodeIdentity } from "../../config/node-schema.ts";
import { SatelliteError } from "../../errors.ts";
import { collect, parseRegion, parseSeconds, profileOption } from "../options.ts";
import { addReleaseOptions, type ReleaseOptions } from "./release-options.ts";

export interface UserDataOptions extends ReleaseOptions {
  readonly cluster: string;
  readonly region: string;
  readonly nodeName?: string;
  readonly identity?: NodeIdentity;
  readonly eni?: string;
  readonly roleArn?: string;
  readonly credentialsFile?: string;
  readonly credentials?: "none";
  readonly ssmActivation: boolean;
  readonly ssmRole?: string;
  readonly profile?: string;
  readonly set: readonly string[];
  readonly format: Format;
  readonly encoding: Encoding;
  readonly proxy?: string;
  readonly proxyExceptions?: string;
  readonly ca?: string;
  /** Seconds. */
  readonly wait?: number;
  readonly output?: string;
  readonly showSecrets: boolean;
}

/** Adds them; names and meanings are those of `configure` and of the installer where they have them. */
export function addUserDataOptions(command: Command): Command {
  return addReleaseOptions(addTextOptions(command))
    .option(
      "--wait <time>",
      "how long the machine's installer waits until the node is Ready (default: 300)",
      parseSeconds,
    )
    .addOption(profileOption())
    .option("--output <file>", "write a file of mode 0600, not standard output")
    .option("--show-secrets", "print secrets even to a terminal", false);
}

function addTextOptions(command: Command): Command {
  return command
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .option("--node-name <name>", "name of the Node (default: the machine's host name)")
    .addOption(new Option("--identity <identity>", "how the node authenticates").choices(NODE_IDENTITIES))
    .option("--eni <id>", "network interface of a node of identity fargate")
    .option("--role-arn <arn>", "role that makes the machine the node")
    .option(
      "--credentials-file <file>",
      "file here with keys for the machine, which go into the text; - for standard input",
    )
    .addOption(new Option("--credentials <source>", "none: keys come to the machine in another way").choices(["none"]))
    .option("--ssm-activation", "make an SSM activation of one machine and one hour, which gives it keys", false)
    .option("--ssm-role <name>", "role that the SSM agent of the machine gets")
    .option("--set <key=value>", "any key of the configuration; may be repeated", collect, [])
    .addOption(
      new Option("--format <format>", "for cloud-init, or for a shell").choices(FORMATS).default("cloud-config"),
    )
    .addOption(new Option("--encoding <encoding>", "as the cloud's API takes it").choices(ENCODINGS).default("plain"))
    .option("--proxy <url>", "proxy of the machine for HTTPS and HTTP")
    .option("--proxy-exceptions <list>", "what the machine reaches without it (default: 169.254.169.254)")
    .option("--ca <file>", "certificate authorities that the machine is to trust, PEM");
}

/** Where the machine's first keys come from. @throws options-invalid, unless there is exactly one source */
export function keySourceOf(options: UserDataOptions, settings: readonly Setting[]): KeySource {
  const configured = settings.find(namesSource);
  const given: readonly (readonly [option: string, source: KeySource])[] = [
    ...(options.credentialsFile === undefined ? [] : [["--credentials-file", "file"] as const]),
    ...(options.ssmActivation ? [["--ssm-activation", "ssm"] as const] : []),
    ...(configured === undefined ? [] : [[configured.option, "configured"] as const]),
    ...(options.credentials === undefined ? [] : [["--credentials none", "later"] as const]),
  ];
  const [first, second] = given;
  if (first !== undefined && second === undefined) return first[1];
  throw misuse(
    second === undefined
      ? "nothing says where the machine's AWS keys come from"
      : `${given.map(([option]) => option).join(" and ")} are sources of keys, of which one is needed`,
    "Give --credentials-file FILE, --ssm-activation, a source as in --set credentials.rolesAnywhere.certificate=PATH, or --credentials none.",
  );
}

/** @throws options-invalid */
export function checkTogether(options: UserDataOptions, source: KeySource): void {
  const { ssmRole, roleArn, nodeName, proxy, proxyExceptions } = options;
  if (source === "ssm" && ssmRole === undefined)
    throw misuse(
      "--ssm-activation needs --ssm-role",
      "It is the role that ssm.amazonaws.com may assume for the machine's agent.",
    );
  if (source !== "ssm" && ssmRole !== undefined)
    throw misuse("--ssm-role needs --ssm-activation", "It is the role of an SSM activation.");
  if (source === "ssm" && (roleArn === undefined) !== (nodeName === undefined))
    throw misuse(
      "with --ssm-activation, --node-name and --role-arn belong together",
      "Without a role of its own the Node is named mi-…, as SSM names the machine; with one it is the session's name.",
    );
  if (proxyExceptions !== undefined && proxy === undefined)
    throw misuse("--proxy-exceptions needs --proxy", "Without a proxy the machine reaches everything directly.");
  // The installer refuses them too: systemd and the launcher read quotes each in their own way.
  for (const [option, value] of [
    ["--proxy", proxy],
    ["--proxy-exceptions", proxyExceptions],
  ] as const)
    if (value !== undefined && /["'\\\p{Cc}]/u.test(value))
      throw misuse(`${option} holds a quote, a backslash or a control character`, "Write it with percent-encoding.");
  if (proxy !== undefined && !/^https?:$/.test(URL.parse(proxy)?.protocol ?? ""))
    throw misuse("--proxy is not the URL of a proxy", "It looks like http://HOST:PORT.");
}

function misuse(problem: string, hint: string): SatelliteError {
  return new SatelliteError("options-invalid", problem, { hint });
}

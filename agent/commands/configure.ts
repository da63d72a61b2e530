// `eks-satellite configure`: sets the basic keys of the configuration. Everything else in the file stays, comments too.
import { isDeepStrictEqual } from "node:util";
import { type Command, Option } from "commander";
import { type Document, isCollection } from "yaml";
import { explainAwsError } from "../aws/aws-error.ts";
import { fargateNodeName, SUFFIX_FORMS } from "../config/fargate-name.ts";
import { parseConfig, parseYaml, SCHEMA_COMMENT } from "../config/load.ts";
import { NODE_IDENTITIES, type NodeIdentity } from "../config/node-schema.ts";
import { readSourceKeys } from "../credentials/credential-source.ts";
import { SatelliteError } from "../errors.ts";
import type { AwsKeys } from "../host/aws.ts";
import type { Ec2 } from "../host/ec2.ts";
import type { Host } from "../host/host.ts";
import { type Setting, type Translation, translateNodeConfig } from "./config/nodeconfig.ts";
import type { CommandContext, Print } from "./context.ts";
import { configOption, type OutputFormat, outputOption } from "./options.ts";

const MAX_NODECONFIG_BYTES = 2 ** 20;

export interface ConfigureOptions {
  readonly config: string;
  readonly cluster?: string;
  readonly region?: string;
  readonly nodeName?: string;
  readonly identity?: NodeIdentity;
  /** Network interface of a node of identity fargate. The node's name follows from it unless it is given. */
  readonly eni?: string;
  readonly roleArn?: string;
  /** Path of the file with the keys; never the keys themselves. */
  readonly credentialsFile?: string;
  readonly tunnel?: "auto" | "off";
  /** Path of a NodeConfig of nodeadm. Other options come before what it says. */
  readonly fromNodeconfig?: string;
  readonly dryRun: boolean;
  readonly output: OutputFormat;
}

/** A key that differs. */
interface KeyChange {
  readonly key: string;
  /** Undefined for one that was not there. */
  readonly from?: unknown;
  readonly to: unknown;
}

/** Every user may read it: it holds no secret. */
const MODE = 0o644;

const NEW_FILE = `${SCHEMA_COMMENT}
# Configuration of eks-satellite. Every key with its default: config.example.yaml in /usr/share/doc/eks-satellite.
# The daemon applies changes by itself; eks-satellite status shows mistakes.
`;

const NODE_NAME = ["node", "name"] as const;

/** The daemon does not need EC2, so it is loaded here. */
type OpenEc2 = (region: string, keys: AwsKeys) => Promise<Pick<Ec2, "findNetworkInterface">>;

/** Adds `configure`. */
export function register(program: Command, { host, print }: CommandContext): void {
  program
    .command("configure")
    .description("set basic keys of the configuration, and keep everything else in the file")
    .addOption(configOption())
    .option("--cluster <name>", "name of the EKS cluster")
    .option("--region <region>", "region of the cluster")
    .option("--node-name <name>", "name of the Node (default: the host name)")
    .addOption(new Option("--identity <identity>", "how the node authenticates").choices(NODE_IDENTITIES))
    .option("--eni <id>", "network interface of a node of identity fargate, whose name follows from it")
    .option("--role-arn <arn>", "role to assume")
    .option("--credentials-file <file>", "file on this machine that holds the keys")
    .addOption(
      new Option(
        "--tunnel <mode>",
        "tunnel to the cluster's network: auto where the cluster has one for this node",
      ).choices(["auto", "off"]),
    )
    .option("--from-nodeconfig <file>", "take over what nodeadm's NodeConfig says, and list what has no counterpart")
    .option("--dry-run", "show what would change, and change nothing", false)
    .addOption(outputOption())
    .action((options: ConfigureOptions) => configureCommand(host, options, print));
}

/** Writes the file when something in it changes, and prints the changes. @throws config-syntax, config-invalid; the file is unchanged then */
export async function configureCommand(
  host: Host,
  options: ConfigureOptions,
  print: Print,
  openEc2: OpenEc2 = openRealEc2,
): Promise<void> {
  const { config: file, dryRun } = options;
  const before = await host.files.read(file);
  const { document } = parseYaml(before ?? NEW_FILE, file);
  const { settings, left } = await readNodeConfig(host, options.fromNodeconfig);
  const given = settingsOf(options).filter(([, value]) => value !== undefined);
  const names = given.map(([path]) => path.join("."));
  const wanted = [...settings.filter(([path]) => !names.includes(path.join("."))), ...given];
  const changes = wanted.flatMap((setting) => applySetting(document, setting));
  if (options.eni !== undefined && options.nodeName === undefined) {
    const name = await readFargateName({ host, document, file }, options.eni, openEc2);
    if (document.getIn(NODE_NAME) !== name) changes.push({ key: NODE_NAME.join("."), to: name });
    setIn(document, NODE_NAME, name);
  }
  const text = before !== undefined && changes.length === 0 ? before : document.toString();
  parseConfig(text, file, host.hostname, givenBy(options));
  const report = (made: readonly KeyChange[], isWritten: boolean) =>
    print(renderReport({ file, changes: made, left, isWritten }, options.output));
  if (text === before) return report([], false);
  if (!dryRun) {
    const { mode, uid, gid } = (await host.files.status(file)) ?? { mode: MODE, uid: 0, gid: 0 };
    await host.files.write(file, text, { mode, uid, gid });
  }
  report(changes, !dryRun);
}

interface Report {
  readonly file: string;
  readonly changes: readonly KeyChange[];
  readonly left: Translation["left"];
  readonly isWritten: boolean;
}

function renderReport({ file, changes, left, isWritten }: Report, output: OutputFormat): string {
  if (output === "json")
    return `${JSON.stringify({ file, written: isWritten, changes, notCarriedOver: left }, undefined, 2)}\n`;
  const notes = left.map(({ key, why }) => `not carried over: ${key}: ${why}\n`);
  const lines = changes.map(({ key, from, to }) => {
    const before = from === undefined ? "" : `${show(from)} → `;
    return `${file}: ${key}: ${before}${show(to)}\n`;
  });
  return [...(lines.length === 0 ? [`${file}: nothing to change\n`] : lines), ...notes].join("");
}

/** @throws nodeconfig-invalid, config-syntax, file-unreadable */
async function readNodeConfig(host: Host, file: string | undefined): Promise<Translation> {
  if (file === undefined) return { settings: [], left: [] };
  const found = await host.files.readWithStatus(file, MAX_NODECONFIG_BYTES);
  if (found?.status.kind === "file") return translateNodeConfig(found.text, file);
  throw new SatelliteError("nodeconfig-invalid", `there is no file ${file}`, {
    hint: "Give the path of the file that nodeadm init -c had.",
  });
}

/** Sets a key where it differs; returns how it changes. */
function applySetting(document: Document, [path, value]: Setting): readonly KeyChange[] {
  const node: unknown = document.getIn(path);
  const present: unknown = isCollection(node) ? node.toJSON() : node;
  if (isDeepStrictEqual(present, value)) return [];
  setIn(document, path, value);
  return [{ key: path.join("."), ...(present === undefined ? {} : { from: present }), to: value }];
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Sets a key. A table whose keys are all commented out is null in YAML, and is replaced. */
function setIn(document: Document, path: readonly string[], value: unknown): void {
  for (let length = 1; length < path.length; length += 1) {
    const table = path.slice(0, length);
    if (document.hasIn(table) && document.getIn(table) === null) document.setIn(table, document.createNode({}));
  }
  document.setIn(path, document.createNode(value));
}

async function openRealEc2(region: string, keys: AwsKeys): ReturnType<OpenEc2> {
  return (await import("../host/ec2.ts")).createEc2(region, { keys });
}

/**
 * Looks the name up once, with the configured keys. The file holds it from then on, so the daemon needs neither the call nor the permission.
 * @throws eni-not-found, eni-forbidden, credentials-missing, config-invalid, …
 */
async function readFargateName(
  { host, document, file }: { host: Host; document: Document; file: string },
  eni: string,
  openEc2: OpenEc2,
): Promise<string> {
  const others = document.clone();
  others.deleteIn(["node"]);
  const { cluster, credentials, node } = parseConfig(others.toString(), file, host.hostname);
  const { region } = cluster;
  const ec2 = await openEc2(region, await readSourceKeys(host, { credentials, node }));
  const found = await ec2.findNetworkInterface(eni).catch((cause: unknown) => {
    throw explainAwsError(cause, "ec2:DescribeNetworkInterfaces on *", {
      code: "eni-forbidden",
      hint: `Give --node-name with the name that an administrator's eks-satellite node-name --eni ${eni} --region ${region} prints. Or allow ec2:DescribeNetworkInterfaces on * to the keys' identity.`,
    });
  });
  if (found !== undefined) {
    const names = SUFFIX_FORMS.map((form) => fargateNodeName(found.privateIp, region, form));
    return names.find((name) => name === document.getIn(NODE_NAME)) ?? fargateNodeName(found.privateIp, region);
  }
  throw new SatelliteError("eni-not-found", `there is no network interface ${eni} in ${region}`, {
    hint: "Compare it with eks-satellite eni list, and the account with that of the keys.",
  });
}

/** Which option gave a key: a mistake in it is not one of the file. */
function givenBy(options: ConfigureOptions): Readonly<Record<string, string>> {
  const given = settingsOf(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([path]) => [path.join("."), OPTIONS[path.join(".")] ?? ""]));
}

const OPTIONS: Readonly<Record<string, string>> = {
  "cluster.name": "--cluster",
  "cluster.region": "--region",
  "node.identity": "--identity",
  "node.eni": "--eni",
  "node.name": "--node-name",
  "credentials.keysFile": "--credentials-file",
  "credentials.assumeRole.arn": "--role-arn",
  "network.tunnel.mode": "--tunnel",
};

function settingsOf(
  options: ConfigureOptions,
): readonly (readonly [path: readonly string[], value: string | undefined])[] {
  const { cluster, region, nodeName, identity, eni, roleArn, credentialsFile, tunnel } = options;
  return [
    [["cluster", "name"], cluster],
    [["cluster", "region"], region],
    [["node", "identity"], identity],
    [["node", "eni"], eni],
    [NODE_NAME, nodeName],
    [["credentials", "keysFile"], credentialsFile],
    [["credentials", "assumeRole", "arn"], roleArn],
    [["network", "tunnel", "mode"], tunnel],
  ];
}

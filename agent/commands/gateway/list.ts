// `eks-satellite gateway list`: the gateways of a cluster, with where satellites find them.
import type { Command } from "commander";
import { openAccount } from "../../admin/account.ts";
import { type AskEc2, type GatewayPicture, networksOf, readGateways } from "../../admin/gateway/picture.ts";
import type { GatewayReads } from "../../host/gateway-aws/types.ts";
import { renderTable } from "../../table.ts";
import { checkCluster } from "../admin-changes.ts";
import { type ChainOptions, loadGatewayAdmin } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption, parseRegion, profileOption } from "../options.ts";
import type { GatewayCommandContext } from "./create.ts";

export interface ListGatewayOptions {
  readonly cluster: string;
  readonly region: string;
  readonly output: OutputFormat;
}

/** Adds `gateway list`. */
export function registerList(gateway: Command, { host, print, exitWith }: LaptopContext): void {
  gateway
    .command("list")
    .description("administrator: list the gateways of a cluster")
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .addOption(profileOption())
    .addOption(outputOption())
    .action(async (options: ListGatewayOptions & ChainOptions) => {
      exitWith(await listGatewaysCommand({ openAdmin: () => loadGatewayAdmin(host, options) }, options, print));
    });
}

interface Row {
  readonly name: string;
  readonly instance: string;
  readonly state: string;
  readonly type: string;
  readonly publicAddress: string;
  readonly address: string;
  /** How many routes of the VPC lead to it. */
  readonly routes: string;
  readonly nodes: string;
  readonly pods: string;
}

/** Prints the gateways that have our tags. */
export async function listGatewaysCommand(
  { openAdmin }: Pick<GatewayCommandContext, "openAdmin">,
  options: ListGatewayOptions,
  print: Print,
): Promise<number> {
  checkCluster(options);
  const admin = await openAdmin();
  const { ask } = await openAccount(admin, options.region);
  const gateways = await readGateways(admin.gatewayAws, ask, options.cluster);
  const holders = await readRouteTargets(admin.gatewayAws, ask, gateways);
  const rows = [...gateways].map((gateway) => toRow(gateway, holders));
  if (options.output === "json")
    print(`${JSON.stringify({ cluster: options.cluster, gateways: rows }, undefined, 2)}\n`);
  else print(rows.length === 0 ? `cluster ${options.cluster} has no gateway\n` : renderRows(rows));
  return 0;
}

/** Where the routes of the gateways' VPCs lead. */
async function readRouteTargets(
  aws: GatewayReads,
  ask: AskEc2,
  gateways: ReadonlyMap<string, GatewayPicture>,
): Promise<readonly string[]> {
  const vpcs = new Set([...gateways.values()].flatMap(({ interfaces }) => interfaces.map(({ vpcId }) => vpcId)));
  const tables = await Promise.all(
    [...vpcs].map((vpc) => ask("ec2:DescribeRouteTables", "*", () => aws.listRouteTables(vpc))),
  );
  return tables.flat().flatMap(({ routes }) => routes.map(({ target }) => target));
}

function toRow([name, picture]: readonly [string, GatewayPicture], targets: readonly string[]): Row {
  const {
    instances: [instance],
    addresses: [address],
    interfaces: [eni],
  } = picture;
  const networks = networksOf(picture);
  return {
    name,
    instance: instance?.id ?? "-",
    state: instance?.state ?? "missing",
    type: instance?.type ?? "-",
    publicAddress: address?.publicIp ?? "-",
    address: eni?.address ?? "-",
    routes: eni === undefined ? "-" : String(targets.filter((target) => target === eni.id).length),
    nodes: networks?.nodes ?? "-",
    pods: networks?.pods ?? "-",
  };
}

const TITLES: Readonly<Record<keyof Row, string>> = {
  name: "GATEWAY",
  instance: "INSTANCE",
  state: "STATE",
  type: "TYPE",
  publicAddress: "PUBLIC",
  address: "VPC",
  routes: "ROUTES",
  nodes: "NODES",
  pods: "PODS",
};

function renderRows(rows: readonly Row[]): string {
  const keys = Object.keys(TITLES) as (keyof Row)[];
  return renderTable([TITLES, ...rows].map((row) => keys.map((key) => row[key])));
}

// `eks-satellite machine list`: the machines that cost, beside the Nodes of a cluster.
import type { Command } from "commander";
import { type Administrator, openCluster } from "../../admin/cluster-access.ts";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { readClusterNodes } from "../../admin/machine/cluster-nodes.ts";
import { type ClusterNodes, compareMachines } from "../../admin/machine/compare.ts";
import { describe, SatelliteError } from "../../errors.ts";
import { optional } from "../../optional.ts";
import { checkCluster } from "../admin-changes.ts";
import { type KubernetesOptions, loadAdmin } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import {
  contextOption,
  kubeconfigOption,
  type OutputFormat,
  outputOption,
  parseRegion,
  profileOption,
} from "../options.ts";
import { describeListed, renderListed, type Unseen } from "./list-output.ts";
import { type LambdaOptions, lambdaKeyOption, openLambda } from "./options.ts";

export interface ListOptions extends LambdaOptions, KubernetesOptions {
  readonly cluster?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly output: OutputFormat;
}

export interface ListContext {
  readonly lambda: () => Promise<Pick<LambdaApi, "list">>;
  readonly openAdmin: (region: string) => Promise<Administrator>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Exit codes: 0 all was read, 1 the Nodes were not. */
const LIST_EXIT = { whole: 0, withoutNodes: 1 } as const;

/** Adds `machine list`. */
export function registerList(machine: Command, context: LaptopContext): void {
  machine
    .command("list")
    .description("list the machines that cost, beside the Nodes of a cluster")
    .option("--cluster <name>", "name of an EKS cluster: its Nodes, and machines that are none")
    .option("--region <region>", "region of the cluster", parseRegion)
    .addOption(profileOption())
    .addOption(kubeconfigOption("read Nodes"))
    .addOption(contextOption())
    .addOption(lambdaKeyOption())
    .addOption(outputOption())
    .action(async (options: ListOptions) => {
      const { host, print, exitWith } = context;
      const { profile, kubeconfig, context: name } = options;
      const openAdmin = (region: string) =>
        loadAdmin(host, { region, ...optional({ profile, kubeconfig, context: name }) });
      const lambda = () => openLambda(context, options);
      exitWith(await listCommand({ lambda, openAdmin, now: host.clock.now }, options, print));
    });
}

/** Prints them and returns the exit code. Nodes that cannot be read hide no machine. @throws options-invalid, cluster-invalid, lambda-key-missing, … */
export async function listCommand(
  { lambda, openAdmin, now }: ListContext,
  options: ListOptions,
  print: Print,
): Promise<number> {
  const cluster = readCluster(options);
  const machines = await (await lambda()).list();
  const { nodes, unseen } = cluster === undefined ? {} : await readNodes(openAdmin, cluster);
  const listed = compareMachines(machines, nodes, now());
  if (options.output === "json") print(`${JSON.stringify(describeListed(listed, unseen), undefined, 2)}\n`);
  else print(renderListed(listed, { nowMs: now(), unseen, clusterArn: nodes?.arn }));
  return unseen === undefined ? LIST_EXIT.whole : LIST_EXIT.withoutNodes;
}

type Cluster = ReturnType<typeof checkCluster>;

/** @throws options-invalid, cluster-invalid */
function readCluster({ cluster, region, kubeconfig, context }: ListOptions): Cluster | undefined {
  if (cluster !== undefined && region !== undefined) return checkCluster({ cluster, region });
  if ([cluster, region, kubeconfig, context].every((option) => option === undefined)) return undefined;
  throw new SatelliteError("options-invalid", "--cluster and --region are given together", {
    hint: "Give both, or neither: eks-satellite machine list --cluster NAME --region REGION.",
  });
}

async function readNodes(
  openAdmin: ListContext["openAdmin"],
  cluster: Cluster,
): Promise<{ readonly nodes?: ClusterNodes; readonly unseen?: Unseen }> {
  try {
    return { nodes: await readClusterNodes(await openCluster(await openAdmin(cluster.region), cluster)) };
  } catch (error) {
    const { message, hint } = describe(error);
    return { unseen: { cluster: cluster.name, problem: message, hint } };
  }
}

// `eks-satellite clusters list|show|kubeconfig`: clusters to pick from, before any machine is a node.
import type { Command } from "commander";
import { type RegionAdmin, readOne, readRegion } from "../../admin/clusters/read-clusters.ts";
import { PARTITIONS } from "../../config/partitions.ts";
import { SatelliteError } from "../../errors.ts";
import { checkCluster } from "../admin-changes.ts";
import { loadAdmin } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption, parseRegion, profileOption } from "../options.ts";
import { describeView, renderCluster, renderClusters } from "./output.ts";
import { type KubeconfigOptions, kubeconfigCommand } from "./write-kubeconfig.ts";

interface ClusterOptions {
  readonly profile?: string;
  readonly output: OutputFormat;
}

export interface ListOptions extends ClusterOptions {
  readonly region: readonly string[];
  readonly allRegions: boolean;
}

export interface ShowOptions extends ClusterOptions {
  readonly region: string;
}

export type OpenAdmin = (region: string) => Promise<RegionAdmin>;

/** Adds `clusters list`, `clusters show` and `clusters kubeconfig`. */
export function register(program: Command, context: LaptopContext): void {
  const clusters = program.command("clusters").description("administrator: EKS clusters to pick from");
  registerList(clusters, context);
  registerShow(clusters, context);
  registerKubeconfig(clusters, context);
}

function registerList(clusters: Command, { host, environment, print }: LaptopContext): void {
  clusters
    .command("list")
    .description("list clusters, and what would keep a satellite out of each")
    .option("--region <region>", "a region; may be repeated (default: AWS_REGION)", collectRegion, [])
    .option("--all-regions", "every region of AWS's public partition", false)
    .addOption(profileOption())
    .addOption(outputOption())
    .action(async (options: ListOptions) => {
      const openAdmin: OpenAdmin = (region) => loadAdmin(host, { ...options, region });
      await listClustersCommand({ openAdmin, environment }, options, print);
    });
}

function registerShow(clusters: Command, { host, print }: LaptopContext): void {
  clusters
    .command("show")
    .description("show one cluster, and what would keep a satellite out")
    .argument("<name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .addOption(profileOption())
    .addOption(outputOption())
    .action(async (name: string, options: ShowOptions) => {
      const openAdmin: OpenAdmin = (region) => loadAdmin(host, { ...options, region });
      await showClusterCommand({ openAdmin }, name, options, print);
    });
}

function registerKubeconfig(clusters: Command, { host, environment, print }: LaptopContext): void {
  clusters
    .command("kubeconfig")
    .description("merge a cluster into a kubeconfig, whose tokens eks-satellite makes")
    .argument("<name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .option("--output <file>", "the kubeconfig (default: the first of KUBECONFIG, else ~/.kube/config)")
    .option("--alias <name>", "name of the context (default: the cluster's ARN)")
    .addOption(profileOption())
    .action(async (name: string, options: KubeconfigOptions) => {
      const openAdmin: OpenAdmin = (region) => loadAdmin(host, { region, ...profileOf(options) });
      await kubeconfigCommand({ host, environment, openAdmin }, name, options, print);
    });
}

function profileOf({ profile }: { readonly profile?: string }) {
  return profile === undefined ? {} : { profile };
}

function collectRegion(text: string, regions: readonly string[]): readonly string[] {
  return [...regions, parseRegion(text)];
}

interface ListContext {
  readonly openAdmin: OpenAdmin;
  readonly environment: LaptopContext["environment"];
}

/** Prints a table, and what keeps satellites out. @throws options-invalid, credentials-missing */
export async function listClustersCommand(
  { openAdmin, environment }: ListContext,
  options: ListOptions,
  print: Print,
): Promise<void> {
  const regions = regionsOf(options, environment);
  const found = [];
  for (const region of regions) found.push(await readRegion(await openAdmin(region), region));
  const clusters = found.flatMap((each) => each.clusters);
  const unread = found.flatMap((each) => each.unread);
  if (options.output === "json")
    return print(`${JSON.stringify({ clusters: clusters.map(describeView), unread }, undefined, 2)}\n`);
  const none = clusters.length === 0 ? `no cluster in ${regions.join(", ")} is seen\n` : "";
  print(none + renderClusters(clusters, unread));
}

/** Prints everything of one cluster. @throws cluster-invalid, cluster-not-found, credentials-missing, aws-forbidden */
export async function showClusterCommand(
  { openAdmin }: Pick<ListContext, "openAdmin">,
  name: string,
  { region, output }: ShowOptions,
  print: Print,
): Promise<void> {
  const cluster = checkCluster({ cluster: name, region });
  const view = await readOne(await openAdmin(region), cluster);
  print(output === "json" ? `${JSON.stringify(describeView(view), undefined, 2)}\n` : renderCluster(view));
}

/** @throws options-invalid */
function regionsOf({ region, allRegions }: ListOptions, environment: ListContext["environment"]): readonly string[] {
  if (allRegions) return PARTITIONS[0].regions;
  const regions = region.length > 0 ? region : [environment.AWS_REGION || environment.AWS_DEFAULT_REGION || ""];
  if (regions.every((each) => each !== "")) return [...new Set(regions)];
  throw new SatelliteError("options-invalid", "no region is named", {
    hint: "Give --region REGION, --all-regions, or AWS_REGION in the environment.",
  });
}

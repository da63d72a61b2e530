// `eks-satellite gateway create`: everything that connects satellites with the cluster's network, as one reviewed diff.
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_TYPE, type GatewaySpec, planGateway, printGateway } from "../../admin/gateway/create.ts";
import {
  type GatewayAdmin,
  openGateway,
  readEverything,
  readPresentStandby,
  readStandby,
} from "../../admin/gateway/read.ts";
import type { Allowance } from "../../admin/gateway/rules.ts";
import { CHANGE_EXIT, checkCluster, proposeChanges } from "../admin-changes.ts";
import { type ChainOptions, type KubernetesOptions, loadGatewayAdmin } from "../admin-clients.ts";
import type { Confirm, LaptopContext, Print } from "../context.ts";
import { checkId } from "../eni-options.ts";
import {
  addConfirmation,
  addGatewayOptions,
  collectAllowance,
  type GatewayOptions,
  printOption,
  readPackage,
} from "./options.ts";

export interface CreateGatewayOptions extends GatewayOptions {
  readonly subnet?: string;
  readonly nodeNetwork?: string;
  readonly podNetwork?: string;
  readonly instanceType: string;
  readonly image?: string;
  readonly allow: readonly Allowance[];
  readonly packageUrl?: string;
  readonly packageSha256?: string;
  readonly userspace: "never" | "allow";
  readonly privateEndpoint: boolean;
  readonly standby: boolean;
  readonly print?: "terraform";
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export interface GatewayCommandContext {
  /** Loads AWS's clients; bad input is reported before. */
  readonly openAdmin: () => Promise<GatewayAdmin>;
  /** Asks the user; undefined without a terminal. */
  readonly confirm: Confirm | undefined;
  readonly stopSignal: AbortSignal;
}

/** Adds `gateway create`. */
export function registerCreate(gateway: Command, context: LaptopContext): void {
  const { host, confirm, print, exitWith } = context;
  addConfirmation(addGatewayOptions(gateway.command("create")))
    .description("administrator: create a gateway, or what it lacks; exit 0 done, 1 error, 2 not confirmed")
    .option("--subnet <id>", "public subnet of the cluster's VPC (default: the first one)")
    .option("--node-network <cidr>", "private network for the addresses of satellites (default: a free one)")
    .option("--pod-network <cidr>", "private network for the pods of satellites (default: a free one)")
    .option("--instance-type <type>", "type of the instance", parseInstanceType, DEFAULT_TYPE)
    .option(
      "--image <ami>",
      "AMI of Debian or Ubuntu, or SSM parameter that holds one (default: Ubuntu 24.04)",
      parseImage,
    )
    .option(
      "--allow <cidr[:port]>",
      "what satellites may reach beside the API server and DNS; may be repeated",
      collectAllowance,
      [],
    )
    .option("--package-url <url>", "Debian package of eks-satellite that the instance installs")
    .option("--package-sha256 <sum>", "its SHA-256 checksum")
    .addOption(
      new Option("--userspace <mode>", "whether wireguard-go may stand in for a kernel without WireGuard")
        .choices(["never", "allow"])
        .default("never"),
    )
    .option("--standby", "also a second gateway, which takes over when the first one fails", false)
    .option("--private-endpoint", "also where the API server has no public endpoint", false)
    .addOption(printOption())
    .action(async (options: CreateGatewayOptions & ChainOptions & KubernetesOptions) => {
      const { stopSignal } = context;
      const openAdmin = () => loadGatewayAdmin(host, options);
      exitWith(await createGatewayCommand({ openAdmin, confirm, stopSignal }, options, print));
    });
}

/** Shows what it would make, asks, and makes it; returns the exit code. @throws what {@link planGateway} and readEverything do */
export async function createGatewayCommand(
  { openAdmin, confirm, stopSignal }: GatewayCommandContext,
  options: CreateGatewayOptions,
  print: Print,
): Promise<number> {
  checkCluster(options);
  if (options.subnet !== undefined) checkId("subnet", options.subnet, "--subnet");
  readSpec(options);
  const context = await openGateway(await openAdmin(), options, stopSignal);
  const reading = await readEverything(context);
  const standby = options.standby ? await readStandby(reading) : await readPresentStandby(reading);
  const spec = { ...readSpec(options), hasStandby: standby !== undefined };
  if (options.print !== undefined) {
    print(printGateway(reading, spec));
    return CHANGE_EXIT.done;
  }
  const { changes, notes, networks } = planGateway(reading, spec, standby);
  const { cluster, region, name } = options;
  const proposal = {
    access: context.access,
    changes,
    notes: changes.length === 0 ? [] : notes,
    details: { gateway: name, networks },
    nothing: `gateway ${name} of ${cluster} is complete: satellites have addresses of ${networks.nodes}`,
    done: `Gateway ${name} is made${standby === undefined ? "" : ", and one that stands by for it"}; the instance needs some minutes more. Then: eks-satellite gateway check --cluster ${cluster} --region ${region} --name ${name}, and for each node eks-satellite authorize … --node-name NODE --tunnel`,
  };
  return proposeChanges(proposal, { confirm, options, print, stopSignal });
}

/** @throws options-invalid */
export function readSpec(options: CreateGatewayOptions): GatewaySpec {
  return {
    subnetId: options.subnet,
    nodes: options.nodeNetwork,
    pods: options.podNetwork,
    type: options.instanceType,
    image: options.image,
    package: readPackage(options.packageUrl, options.packageSha256),
    allowances: options.allow,
    allowsUserspace: options.userspace === "allow",
    allowsPrivateEndpoint: options.privateEndpoint,
    hasStandby: options.standby,
  };
}

function parseInstanceType(text: string): string {
  if (/^[a-z][a-z0-9-]{0,20}\.[a-z0-9-]{1,20}$/.test(text)) return text;
  throw new InvalidArgumentError("It looks like t4g.small.");
}

function parseImage(text: string): string {
  if (/^(?:ami-[0-9a-f]{8,17}|\/[\w./-]{1,1000})$/.test(text)) return text;
  throw new InvalidArgumentError("It looks like ami-0123456789abcdef0, or like the name of an SSM parameter.");
}

// `eks-satellite gateway delete`: removes what create made, and nothing else.
import type { Command } from "commander";
import type { ChangePlan } from "../../admin/change.ts";
import { planDeletion, planStandbyDeletion } from "../../admin/gateway/delete.ts";
import { namesOf, primaryName } from "../../admin/gateway/names.ts";
import { openGateway, type Reading, readEverything, readPresentStandby } from "../../admin/gateway/read.ts";
import { checkCluster, proposeChanges } from "../admin-changes.ts";
import { type ChainOptions, type KubernetesOptions, loadGatewayAdmin } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import type { GatewayCommandContext } from "./create.ts";
import { addConfirmation, addGatewayOptions, type GatewayOptions } from "./options.ts";

export interface DeleteGatewayOptions extends GatewayOptions {
  readonly force: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Adds `gateway delete`. */
export function registerDelete(gateway: Command, context: LaptopContext): void {
  const { host, confirm, print, exitWith } = context;
  addConfirmation(addGatewayOptions(gateway.command("delete")))
    .description("administrator: remove what create made, and nothing else; exit 0 done, 1 error, 2 not confirmed")
    .option("--force", "also while nodes have addresses in the tunnel", false)
    .action(async (options: DeleteGatewayOptions & ChainOptions & KubernetesOptions) => {
      const { stopSignal } = context;
      const openAdmin = () => loadGatewayAdmin(host, options);
      exitWith(await deleteGatewayCommand({ openAdmin, confirm, stopSignal }, options, print));
    });
}

/** Shows what it would remove, asks, and removes it; returns the exit code. @throws nodes-have-addresses, and what readEverything does */
export async function deleteGatewayCommand(
  { openAdmin, confirm, stopSignal }: GatewayCommandContext,
  options: DeleteGatewayOptions,
  print: Print,
): Promise<number> {
  checkCluster(options);
  const context = await openGateway(await openAdmin(), options, stopSignal);
  const { changes, notes } = await plan(await readEverything(context), options);
  const { cluster, name } = options;
  const proposal = {
    access: context.access,
    changes,
    notes,
    details: { gateway: name },
    nothing: `there is nothing of gateway ${name} of ${cluster}`,
    done: `Gateway ${name} of ${cluster} is gone, and nothing of it is billed any more.`,
  };
  return proposeChanges(proposal, { confirm, options, print, stopSignal });
}

/** Of one that stands by the other gateway stays; with that one both go. */
async function plan(reading: Reading, { force }: DeleteGatewayOptions): Promise<ChangePlan> {
  const { names } = reading.context;
  const primary = primaryName(names.gateway);
  if (primary === undefined || !reading.others.includes(primary))
    return planDeletion(reading, { isForced: force }, await readPresentStandby(reading));
  const context = { ...reading.context, names: namesOf(names.cluster, names.region, primary) };
  return planStandbyDeletion(reading, await readEverything(context));
}

// `eks-satellite revoke`: undoes what `authorize` did. Roles and their policies stay.
import type { Command } from "commander";
import { openCluster } from "../admin/cluster-access.ts";
import { planRevocation } from "../admin/node-authorization.ts";
import { SatelliteError } from "../errors.ts";
import {
  type AdminContext,
  addChangeOptions,
  backupFileFor,
  type ChangeOptions,
  checkCluster,
  proposeChanges,
  readPrincipal,
} from "./admin-changes.ts";
import { type ChainOptions, type KubernetesOptions, loadAdmin } from "./admin-clients.ts";
import type { LaptopContext, Print } from "./context.ts";
import { planTunnelRelease } from "./gateway/authorize-tunnel.ts";

export interface RevokeOptions extends ChangeOptions {
  readonly nodeName?: string;
  /** Only the node's address in the tunnel, where no role or user is named. */
  readonly tunnel: boolean;
}

/** Adds `revoke`. */
export function register(program: Command, context: LaptopContext): void {
  const { host, confirm, print, exitWith } = context;
  addChangeOptions(program.command("revoke"))
    .description("administrator: undo what authorize did; exit 0 done, 1 error, 2 not confirmed")
    .option("--node-name <name>", "name of the user's node, or of the node whose address in the tunnel is freed")
    .option("--tunnel", "without a role or user: free the address of --node-name, and nothing else", false)
    .action(async (options: RevokeOptions & ChainOptions & KubernetesOptions) => {
      const openAdmin = () => loadAdmin(host, options);
      exitWith(await revokeCommand({ openAdmin, confirm, signals: context }, options, print));
    });
}

/** Shows what it would remove, asks, and removes it; returns the exit code. @throws options-invalid, and what {@link planRevocation} does */
export async function revokeCommand(
  { openAdmin, confirm, signals }: AdminContext,
  options: RevokeOptions,
  print: Print,
): Promise<number> {
  const name = checkCluster(options);
  const principal = readPrincipal(options);
  if (principal === undefined && options.tunnel && options.nodeName !== undefined)
    return revokeTunnel({ openAdmin, confirm, signals }, options, print);
  if (principal === undefined || (principal.kind === "user" && options.nodeName === undefined)) {
    const problem = principal === undefined ? "no role or user is named" : `user ${principal.arn} needs --node-name`;
    throw new SatelliteError("options-invalid", problem, {
      hint: "Give --role-arn, or --user-arn with --node-name, as they were given to authorize.",
    });
  }
  const admin = await openAdmin();
  const { adminAws: aws, host } = admin;
  const access = await openCluster(admin, name);
  const plan = await planRevocation(
    { host, aws, access },
    {
      principal,
      method: options.method,
      nodeName: options.nodeName,
      roleState: "unknown",
      backupFile: backupFileFor(options, host.clock.now()),
    },
  );
  const tunnel = await planTunnelRelease({ access, host }, { nodeName: options.nodeName, tunnel: options.tunnel });
  const proposal = {
    changes: [...plan.changes, ...tunnel.changes],
    notes: [...access.notes, ...plan.notes, ...tunnel.notes],
    access,
    principalArn: principal.arn,
    nothing: `nothing lets ${principal.arn} be a node of ${name.name}`,
    done: `${principal.arn} is no longer a node of ${name.name}; the API server may accept its token for some minutes more. Its Nodes: kubectl delete node NAME.`,
  };
  return proposeChanges(proposal, { confirm, options, print, signals });
}

/** The node stays a node; only its address in the tunnel is freed. */
async function revokeTunnel(
  { openAdmin, confirm, signals }: AdminContext,
  options: RevokeOptions,
  print: Print,
): Promise<number> {
  const admin = await openAdmin();
  const { host } = admin;
  const access = await openCluster(admin, checkCluster(options));
  const { nodeName, cluster } = options;
  const { changes } = await planTunnelRelease({ access, host }, { nodeName, tunnel: true });
  const proposal = {
    access,
    changes,
    notes: access.notes,
    nothing: `${nodeName} has no address in the tunnel of ${cluster}`,
    done: `The address of ${nodeName} is free: the gateway drops its packets within seconds, and the next node may get it.`,
  };
  return proposeChanges(proposal, { confirm, options, print, signals });
}

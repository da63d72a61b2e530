// `eks-satellite revoke`: an administrator takes back what `authorize` did; roles and their policies stay.

import { openCluster } from "../admin/cluster-access.ts";
import { planRevocation } from "../admin/node-authorization.ts";
import { SatelliteError } from "../errors.ts";
import {
  type AdminContext,
  backupFileFor,
  type ChangeOptions,
  checkCluster,
  proposeChanges,
  readPrincipal,
} from "./admin-changes.ts";

export interface RevokeOptions extends ChangeOptions {
  readonly nodeName?: string;
}

/** Shows what it would take away, asks, and does it; returns the exit code. @throws options-invalid, and what {@link planRevocation} does */
export async function revokeCommand(
  { openAdmin, confirm }: AdminContext,
  options: RevokeOptions,
  print: (text: string) => void,
): Promise<number> {
  const name = checkCluster(options);
  const principal = readPrincipal(options);
  if (principal === undefined || (principal.kind === "user" && options.nodeName === undefined)) {
    const problem = principal === undefined ? "nobody is named" : `user ${principal.arn} needs --node-name`;
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
  const proposal = {
    ...plan,
    access,
    principalArn: principal.arn,
    nothing: `nothing lets ${principal.arn} be a node of ${name.name}`,
    done: `${principal.arn} is taken for a node of ${name.name} no more; the API server may remember its token for some minutes. Its Nodes: kubectl delete node NAME.`,
  };
  return proposeChanges(proposal, { confirm, options, print });
}

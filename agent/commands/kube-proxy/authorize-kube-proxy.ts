// `authorize --kube-proxy`: with a role or user, or alone.
import type { ChangePlan } from "../../admin/change.ts";
import { type ClusterAccess, openCluster } from "../../admin/cluster-access.ts";
import { planKubeProxy } from "../../admin/kube-proxy/plan.ts";
import type { NodeIdentity } from "../../config/node-schema.ts";
import { SatelliteError } from "../../errors.ts";
import { type AdminContext, type ChangeOptions, checkCluster, proposeChanges } from "../admin-changes.ts";
import type { Print } from "../context.ts";

export interface KubeProxyOptions {
  /** Bring a kube-proxy to the nodes of identity fargate. */
  readonly kubeProxy?: boolean;
}

type Options = KubeProxyOptions & { readonly identity: NodeIdentity };

/** @throws options-invalid */
export function checkKubeProxyOptions({ kubeProxy, identity }: Options): void {
  if (kubeProxy !== true || identity === "fargate") return;
  throw new SatelliteError("options-invalid", "--kube-proxy needs --identity fargate", {
    hint: "On nodes of identity hybrid EKS's own kube-proxy runs.",
  });
}

/** The copy's change; none where it is not wanted. @throws what {@link planKubeProxy} does */
export async function planWantedKubeProxy(access: ClusterAccess, { kubeProxy }: KubeProxyOptions): Promise<ChangePlan> {
  return kubeProxy === true ? planKubeProxy(access) : { changes: [], notes: [] };
}

/** Shows the copy, asks, and makes it; returns the exit code. @throws what {@link planKubeProxy} does */
export async function authorizeKubeProxy(
  { openAdmin, confirm, signals }: AdminContext,
  options: ChangeOptions,
  print: Print,
): Promise<number> {
  const access = await openCluster(await openAdmin(), checkCluster(options));
  const { changes, notes } = await planKubeProxy(access);
  const proposal = {
    access,
    changes,
    notes: [...access.notes, ...notes],
    nothing: `the copy of kube-proxy in ${access.name} is that of EKS's DaemonSet`,
    done: `kube-proxy comes to the nodes of identity fargate of ${access.name}. It does not follow EKS's: run this again after an update of the add-on.`,
  };
  return proposeChanges(proposal, { confirm, options, print, signals });
}

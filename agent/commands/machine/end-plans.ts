// What `machine terminate` would end and delete, name by name.
import type { Change } from "../../admin/change.ts";
import { type Administrator, type ClusterAccess, openCluster } from "../../admin/cluster-access.ts";
import type { LambdaApi, Machine } from "../../admin/lambda/api.ts";
import { TAGS } from "../../admin/lambda/tags.ts";
import { findMachineIfAny } from "../../admin/machine/find-machine.ts";
import { isGone as isMachineGone } from "../../admin/machine/plan.ts";
import { type EndPlan, type EndReading, planEnd } from "../../admin/machine/terminate.ts";
import { planRevocation } from "../../admin/node-authorization.ts";
import { planNodeRoleRemoval } from "../../admin/node-role.ts";
import { parsePrincipal } from "../../admin/principal.ts";
import { describe } from "../../errors.ts";
import { backupFileFor } from "../admin-changes.ts";
import { planTunnelRelease } from "../gateway/authorize-tunnel.ts";
import { createNodeAccess } from "./node-access.ts";
import type { TerminateContext, TerminateOptions } from "./terminate-options.ts";

const CLUSTER_ARN = /^arn:aws[a-z-]*:eks:([a-z0-9-]+):\d{12}:cluster\/([\w-]+)$/;

export interface NamedPlan extends EndPlan {
  readonly name: string;
}

export type PlanContext = TerminateContext & { readonly lambda: LambdaApi; readonly say: (line: string) => void };

/** Reads what there is of each name, and plans its end. @throws what planEnd does */
export async function planAll(
  context: PlanContext,
  names: readonly string[],
  options: TerminateOptions,
): Promise<readonly NamedPlan[]> {
  const { lambda } = context;
  const machines = await lambda.list(context.stopSignal);
  const rulesets = await lambda.listRulesets(context.stopSignal);
  const sshKeys = await lambda.listSshKeys(context.stopSignal);
  const plans: NamedPlan[] = [];
  for (const wanted of names) {
    const machine = findMachineIfAny(
      machines.filter((each) => !isMachineGone(each)),
      wanted,
    );
    const name = machine?.tags[TAGS.node] ?? machine?.name ?? wanted;
    const cluster = clusterOf(machine, options);
    const opened = cluster === undefined ? undefined : await openFor(context, cluster, name);
    const reading: EndReading = {
      ...{ name, machine, machines, rulesets, sshKeys },
      node: opened?.node,
      nodeAccess: opened?.isReadable === true ? opened.nodeAccess : undefined,
      clusterArn: options.cluster === undefined ? undefined : opened?.access.arn,
    };
    const access = options.revoke && opened !== undefined ? await planRevoke(opened, name, options) : NOTHING;
    const plan = planEnd(endContext(context, options), reading);
    plans.push({
      name,
      changes: [...plan.changes, ...access.changes],
      notes: [...plan.notes, ...access.notes, ...(opened?.notes ?? [NO_CLUSTER]), ...keptNotes(options, name)],
    });
  }
  return plans;
}

const NOTHING: EndPlan = { changes: [], notes: [] };
const NO_CLUSTER = "which cluster it is of is not known: no Node is drained or deleted. --cluster and --region name it";

function endContext({ host, lambda, say, stopSignal: signal }: PlanContext, { drainSeconds }: TerminateOptions) {
  return { clock: host.clock, lambda, say, signal, drainSeconds };
}

function keptNotes({ revoke }: TerminateOptions, name: string): readonly string[] {
  return revoke ? [] : [`the access of ${name} stays, for a next machine of that name: --revoke removes it`];
}

/** The options', or the machine's own. */
function clusterOf(
  machine: Machine | undefined,
  { cluster, region }: TerminateOptions,
): { readonly name: string; readonly region: string } | undefined {
  if (cluster !== undefined && region !== undefined) return { name: cluster, region };
  const [, tagRegion, tagName] = CLUSTER_ARN.exec(machine?.tags[TAGS.cluster] ?? "") ?? [];
  return tagRegion === undefined || tagName === undefined ? undefined : { name: tagName, region: tagRegion };
}

interface Opened {
  readonly admin: Administrator;
  readonly access: ClusterAccess;
  readonly nodeAccess: ReturnType<typeof createNodeAccess>;
  readonly node: EndReading["node"];
  readonly isReadable: boolean;
  readonly notes: readonly string[];
}

/** A cluster whose Nodes cannot be read keeps no machine that costs. */
async function openFor(
  { host, openAdmin }: PlanContext,
  cluster: { readonly name: string; readonly region: string },
  name: string,
): Promise<Opened> {
  const admin = await openAdmin(cluster.region);
  const access = await openCluster(admin, cluster);
  const nodeAccess = createNodeAccess(access, host.clock);
  const opened = { admin, access, nodeAccess };
  try {
    return { ...opened, node: await nodeAccess.read(name), isReadable: true, notes: access.notes };
  } catch (error) {
    const note = `Node ${name} is neither drained nor deleted: ${describe(error).message}`;
    return { ...opened, node: undefined, isReadable: false, notes: [...access.notes, note] };
  }
}

/** A role that was made for this node goes with its access; one of several nodes loses this name; another stays. */
async function planRevoke(
  { admin: { host, adminAws: aws }, access }: Opened,
  name: string,
  options: TerminateOptions,
): Promise<EndPlan> {
  const arn = options.roleArn ?? `arn:${access.partition}:iam::${access.account}:role/eks-satellite-${name}`;
  const principal = parsePrincipal(arn, "role", "--role-arn");
  const tunnel = await planTunnelRelease({ access, host }, { nodeName: name, tunnel: false });
  const removal = await planNodeRoleRemoval(aws, access, { name: principal.name, nodeNames: [name] });
  const isLast = removal?.some(({ action }) => action === "delete") ?? false;
  const isGone = removal === undefined && (await aws.findRole(principal.name)) === undefined;
  if (removal === undefined && !isGone)
    return {
      changes: tunnel.changes,
      notes: [
        ...tunnel.notes,
        `role ${arn} was not made for nodes of ${access.name}: it stays, and so does its access (eks-satellite revoke)`,
      ],
    };
  const revocation = isLast || isGone ? await planEntries() : NOTHING;
  return {
    changes: [...revocation.changes, ...tunnel.changes, ...(removal ?? [])] satisfies readonly Change[],
    notes: [...revocation.notes, ...tunnel.notes],
  };

  function planEntries(): Promise<EndPlan> {
    const backupFile = backupFileFor({ cluster: access.name, backupFolder: options.backupFolder }, host.clock.now());
    const authorization = { principal, method: "auto", nodeName: name, roleState: "unknown", backupFile } as const;
    return planRevocation({ host, aws, access }, authorization);
  }
}

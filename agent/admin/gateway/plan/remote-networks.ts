// The cluster's remote networks: EKS sends packets to these alone, and signs serving certificates of nodes in them alone. Those of others are kept.
import { hasCode, SatelliteError } from "../../../errors.ts";
import type { ClusterUpdate, RemoteNetworks } from "../../../host/gateway-aws/types.ts";
import { callAws } from "../../aws-call.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import { ADDED_TAG } from "../names.ts";
import type { TunnelNetworks } from "../networks.ts";
import { checkRoom } from "../refusals.ts";
import { type GatewayContext, isAwsCode, type Later, retryWhile } from "./context.ts";
import { missingNetworks } from "./missing-networks.ts";

/** EKS makes one update of a cluster at a time; an upgrade of the control plane takes half an hour. */
const OTHER_UPDATE = { attempts: 180, everyMilliseconds: 20_000 };
const POLL_MILLISECONDS = 10_000;
/** EKS's own words are some minutes; an hour is a failure. */
const MAX_POLLS = 360;
const POLLS_BETWEEN_REPORTS = 6;

/** @throws remote-networks-full */
export function planRemoteNetworks(
  context: GatewayContext,
  present: RemoteNetworks,
  { networks, groupId, added }: { networks: TunnelNetworks; groupId: Later<string>; added: readonly string[] },
): readonly Change[] {
  const missing = missingNetworks(present, networks);
  const names = [...missing.nodes, ...missing.pods];
  if (names.length === 0) return [];
  const after = { nodes: [...present.nodes, ...missing.nodes], pods: [...present.pods, ...missing.pods] };
  checkRoom(after);
  const { aws, ask } = context;
  const remember = () =>
    ask("ec2:CreateTags", `security-group/${groupId.get()}`, () =>
      aws.tag(groupId.get(), { [ADDED_TAG]: [...new Set([...added, ...names])].join(" ") }),
    );
  return [planUpdate(context, { before: present, after, first: remember })];
}

/** Removes networks that were added for a gateway, and leaves all others. */
export function planRemoval(
  context: GatewayContext,
  present: RemoteNetworks,
  added: readonly string[],
): readonly Change[] {
  const keep = (list: readonly string[]) => list.filter((cidr) => !added.includes(cidr));
  const after = { nodes: keep(present.nodes), pods: keep(present.pods) };
  const isSame = after.nodes.length === present.nodes.length && after.pods.length === present.pods.length;
  return isSame ? [] : [planUpdate(context, { before: present, after, first: async () => undefined })];
}

/** @param update `first` is done before the cluster is changed: what was added must be known after a break too */
function planUpdate(
  context: GatewayContext,
  update: { before: RemoteNetworks; after: RemoteNetworks; first: () => Promise<void> },
): Change {
  const { before, after, first } = update;
  const target = `remote networks of cluster ${context.names.cluster}`;
  return {
    target,
    action: "update",
    diff: diffOf(target, pretty(before), pretty(after)),
    apply: async (print) => {
      await first();
      await waitForUpdate(context, await startUpdate(context, after, print), print);
    },
  };
}

/** @throws aws-refused when another update goes on for an hour */
function startUpdate(
  context: GatewayContext,
  networks: RemoteNetworks,
  print: (line: string) => void,
): Promise<ClusterUpdate> {
  const { aws, access } = context;
  const question = { action: "eks:UpdateClusterConfig", resource: access.arn, caller: access.callerArn };
  return retryWhile(
    context,
    { ...OTHER_UPDATE, says: "EKS is making another update of the cluster; waiting for its end" },
    {
      isTooEarly: (error) => isAwsCode(error, "ResourceInUseException"),
      print,
      call: () => callAws(question, () => aws.setRemoteNetworks(access.name, networks)),
    },
  );
}

/** @throws cluster-update-failed */
async function waitForUpdate(
  context: GatewayContext,
  started: ClusterUpdate,
  print: (line: string) => void,
): Promise<void> {
  const { aws, access, clock } = context;
  const question = { action: "eks:DescribeUpdate", resource: access.arn, caller: access.callerArn };
  for (let poll = 1, update = started; ; poll += 1) {
    if (update.status === "Successful") return;
    if (update.status !== "InProgress" || poll > MAX_POLLS) throw updateFailed(context, update);
    if (poll % POLLS_BETWEEN_REPORTS === 1) print(`EKS updates the cluster (${update.id}); that takes some minutes`);
    await clock.sleep(POLL_MILLISECONDS);
    update = await callAws(question, () => aws.findUpdate(access.name, update.id)).catch((error: unknown) => {
      // Throttled, or AWS's own problem: the update goes on, and is asked for again.
      if (hasCode(error, "aws-failed") || hasCode(error, "aws-unreachable")) return update;
      throw error;
    });
  }
}

function updateFailed(
  { access: { name, region } }: GatewayContext,
  { id, status, errors }: ClusterUpdate,
): SatelliteError {
  return new SatelliteError(
    "cluster-update-failed",
    `update ${id} of cluster ${name} is ${status}${errors.length === 0 ? "" : `: ${errors.join("; ")}`}`,
    {
      hint: `aws eks describe-update --name ${name} --region ${region} --update-id ${id} says why. What was made before stays, and running this again continues from there.`,
    },
  );
}

// The way back: the Node drained, the machine ended, the Node deleted, and what was made for it. What is what is said before.
import { describe, hasCode, SatelliteError } from "../../errors.ts";
import type { Change } from "../change.ts";
import { diffOf, pretty } from "../change.ts";
import type { LambdaApi, Machine, Ruleset, SshKey } from "../lambda/api.ts";
import { isOutcomeUnknown } from "../lambda/errors.ts";
import { TAGS } from "../lambda/tags.ts";
import type { NodeAccess, NodeView } from "./node.ts";
import { isGone, keyNameOf } from "./plan.ts";
import { pause, type WaitContext, waitFor } from "./wait.ts";

/** What there is of a name. */
export interface EndReading {
  readonly name: string;
  readonly machine: Machine | undefined;
  /** Undefined when there is none, or when it could not be read. */
  readonly node: NodeView | undefined;
  readonly nodeAccess: NodeAccess | undefined;
  readonly rulesets: readonly Ruleset[];
  readonly sshKeys: readonly SshKey[];
  /** All that cost. */
  readonly machines: readonly Machine[];
  /** Of the cluster that the options name; undefined when they name none. */
  readonly clusterArn: string | undefined;
}

export interface EndPlan {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

export interface EndContext extends WaitContext {
  readonly lambda: LambdaApi;
  /** How long evicted pods may take. */
  readonly drainSeconds: number;
}

const POLL_SECONDS = 5;
const END_SECONDS = 900;
const ATTEMPTS = 3;
const RETRY_MS = 5000;

/** @throws machine-other-cluster, node-elsewhere, machine-not-found */
export function planEnd(context: EndContext, reading: EndReading): EndPlan {
  const { name, machine, node, nodeAccess } = reading;
  refuseOtherCluster(reading);
  if (machine === undefined && node?.isReady === true)
    throw new SatelliteError(
      "node-elsewhere",
      `Node ${name} is Ready, and no machine at Lambda has its name: another one runs it`,
      {
        hint: "Is it in another account or workspace of Lambda, or no machine of Lambda at all? End it there first; kubectl delete node deletes a Node.",
      },
    );
  const left = leftovers(context, reading);
  if (machine === undefined && node === undefined && left.length === 0)
    throw new SatelliteError("machine-not-found", `there is no machine ${name} at Lambda, and no Node of that name`, {
      hint: "eks-satellite machine list --cluster NAME --region REGION lists both. Give --cluster and --region, so that its Node is looked for.",
    });
  return {
    changes: [
      ...(node === undefined || nodeAccess === undefined || machine === undefined
        ? []
        : [planDrain(context, name, nodeAccess)]),
      ...(machine === undefined ? [] : [planTermination(context, name, machine)]),
      ...(node === undefined || nodeAccess === undefined ? [] : [planNodeDeletion(name, nodeAccess)]),
      ...left,
    ],
    notes: notesOf(reading),
  };
}

function refuseOtherCluster({ name, machine, clusterArn }: EndReading): void {
  const owner = machine?.tags[TAGS.cluster];
  if (owner === undefined || clusterArn === undefined || owner === clusterArn) return;
  throw new SatelliteError("machine-other-cluster", `machine ${name} belongs to ${owner}, not to ${clusterArn}`, {
    hint: "Leave out --cluster and --region: the machine's own tag says whose it is. Or choose the other machine.",
  });
}

function notesOf({ name, machine, node, nodeAccess }: EndReading): readonly string[] {
  return [
    ...(machine === undefined
      ? [`no machine at Lambda is ${name}: only its Node, and what was made for it, are removed`]
      : []),
    ...(machine !== undefined && machine.tags[TAGS.node] === undefined
      ? [`${name} has no tag of eks-satellite: it was launched in another way`]
      : []),
    ...(machine !== undefined && machine.fileSystemNames.length > 0
      ? [`file system ${machine.fileSystemNames.join(", ")} stays, and costs by itself`]
      : []),
    ...(machine !== undefined && node === undefined && nodeAccess !== undefined
      ? [`there is no Node ${name}: nothing is drained`]
      : []),
    ...(machine !== undefined ? ["the machine's own disk is erased"] : []),
  ];
}

function planDrain({ drainSeconds, signal }: EndContext, name: string, node: NodeAccess): Change {
  const target = `pods of Node ${name}`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, `cordoned, and evicted within ${drainSeconds} s\n`, undefined),
    apply: async (print) => {
      const left = await node.drain(name, drainSeconds, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        print(`the pods were not evicted: ${describe(error).message}`);
        return [];
      });
      for (const pod of left) print(`${pod} was still there after ${drainSeconds} s, and ends with the machine`);
    },
  };
}

function planTermination(context: EndContext, name: string, machine: Machine): Change {
  const { id, type, region, status, address } = machine;
  const target = `machine ${name} at Lambda`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, pretty({ id, type: type.name, region: region.name, status, address }), undefined),
    apply: async (print) => {
      if (status !== "terminating") await terminateOnce(context, id);
      await waitForEnd({ ...context, say: print }, name, id);
    },
  };
}

/** A lost answer is no reason to stop: a second request does no harm. @throws what Lambda refuses */
async function terminateOnce({ lambda, clock, signal }: EndContext, id: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await lambda.terminate(id, signal);
    } catch (error) {
      if (hasCode(error, "lambda-not-found")) return;
      if (!isOutcomeUnknown(error) || attempt === ATTEMPTS) throw error;
      await pause(clock, RETRY_MS, signal);
    }
  }
}

/** @throws machine-not-ended */
async function waitForEnd(context: EndContext, name: string, id: string): Promise<void> {
  const ended = await waitFor(context, {
    what: `machine ${name} terminated`,
    everySeconds: POLL_SECONDS,
    untilMs: context.clock.monotonic() + END_SECONDS * 1000,
    look: async () => {
      const machine = (await context.lambda.list(context.signal)).find((each) => each.id === id);
      return machine === undefined || isGone(machine) ? { done: true } : { state: machine.status };
    },
  });
  if (ended !== undefined) return;
  throw new SatelliteError(
    "machine-not-ended",
    `machine ${name} (${id}) is not terminated after ${END_SECONDS} s, and may still cost`,
    {
      hint: "https://cloud.lambda.ai/instances shows it. Run this again; after that, ask Lambda's support.",
    },
  );
}

function planNodeDeletion(name: string, node: NodeAccess): Change {
  const target = `Node ${name}`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, `${name}\n`, undefined),
    apply: async () => {
      if ((await node.read(name)) !== undefined) await node.delete(name);
    },
  };
}

/** What launches make at Lambda, by name: of this machine, and of a launch that ended early. */
function leftovers(
  { lambda }: EndContext,
  { name, machine, rulesets, sshKeys, machines }: EndReading,
): readonly Change[] {
  const own = keyNameOf(name);
  const usersOf = (ids: readonly string[]) => ids.filter((id) => id !== machine?.id);
  const ruleset = rulesets.filter((each) => each.name === own && usersOf(each.machineIds).length === 0);
  const key = sshKeys.find((each) => each.name === own);
  const isKeyUsed = machines.some((each) => each.id !== machine?.id && !isGone(each) && each.sshKeyNames.includes(own));
  return [
    ...ruleset.map((each) => planRulesetDeletion(lambda, each)),
    ...(key === undefined || isKeyUsed ? [] : [planKeyDeletion(lambda, key)]),
  ];
}

function planRulesetDeletion(lambda: LambdaApi, { id, name, region }: Ruleset): Change {
  const target = `firewall ruleset ${name} at Lambda`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, pretty({ id, region }), undefined),
    apply: async (print) => {
      const present = (await lambda.listRulesets()).find((each) => each.id === id);
      if (present === undefined) return;
      if (present.machineIds.length > 0) return print(`${name} stays: ${present.machineIds.join(", ")} has it`);
      await lambda.deleteRuleset(id);
    },
  };
}

function planKeyDeletion(lambda: LambdaApi, { id, name }: SshKey): Change {
  const target = `SSH key ${name} at Lambda`;
  return { target, action: "delete", diff: diffOf(target, `${id}\n`, undefined), apply: () => lambda.deleteSshKey(id) };
}

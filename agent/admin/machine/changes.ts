// What a launch makes at Lambda, as changes of the same diff as the cluster's side.
import { isDeepStrictEqual } from "node:util";
import { SatelliteError } from "../../errors.ts";
import { optional } from "../../optional.ts";
import { type Change, diffOf, pretty } from "../change.ts";
import type { FirewallRule, LambdaApi, LaunchRequest, Ruleset } from "../lambda/api.ts";
import { TAGS } from "../lambda/tags.ts";
import { launchOnce } from "./launch-once.ts";
import { describeRule } from "./open.ts";
import { keyNameOf, type MachinePlan } from "./plan.ts";
import type { WaitContext } from "./wait.ts";

/** What a later step needs of an earlier one. */
export interface LaunchState {
  region: string;
  rulesetId: string | undefined;
  machineId: string | undefined;
}

export interface LaunchSpec {
  readonly name: string;
  readonly clusterArn: string;
  readonly plan: MachinePlan;
  readonly image: LaunchRequest["image"] | undefined;
  readonly fileSystems: readonly string[];
  readonly rules: readonly FirewallRule[];
  /** Rulesets that are there. */
  readonly rulesets: readonly Ruleset[];
  /** Ids of the machines that are there. */
  readonly known: ReadonlySet<string>;
  /** A UUID. */
  readonly launchId: string;
  /** What the machine's first boot does, and how that is put to the user; undefined: ssh brings it later. */
  readonly userData: { readonly render: () => Promise<string>; readonly description: string } | undefined;
}

/** The SSH key, where the account does not have it yet. */
export function planSshKey(lambda: LambdaApi, { plan: { sshKey } }: LaunchSpec): readonly Change[] {
  const { name, publicKey } = sshKey;
  if (publicKey === undefined) return [];
  const target = `SSH key ${name} at Lambda`;
  let id: string | undefined;
  return [
    {
      target,
      action: "create",
      diff: diffOf(target, undefined, `${publicKey.trim()}\n`),
      apply: async () => {
        id = (await lambda.addSshKey(name, publicKey.trim())).id;
      },
      undo: async () => {
        if (id !== undefined) await lambda.deleteSshKey(id);
      },
    },
  ];
}

/** The ruleset of the machine; a ruleset is of one region. */
export function planRuleset(lambda: LambdaApi, spec: LaunchSpec, state: LaunchState): readonly Change[] {
  const { name: machine, rules } = spec;
  if (rules.length === 0) return [];
  const name = keyNameOf(machine);
  const target = `firewall ruleset ${name} at Lambda`;
  let made: string | undefined;
  return [
    {
      target,
      action: "create",
      diff: diffOf(target, undefined, pretty({ name, region: state.region, rules: rules.map(describeRule) })),
      apply: async (print) => {
        const present = findRuleset(spec, state.region);
        if (present !== undefined && isDeepStrictEqual(textsOf(present), textsOf({ rules }))) {
          state.rulesetId = present.id;
          return print(`${name} is there already, with the same rules`);
        }
        if (present !== undefined) await lambda.deleteRuleset(present.id);
        const { id } = await lambda.createRuleset({ name, region: state.region, rules });
        state.rulesetId = id;
        made = id;
      },
      undo: async () => {
        state.rulesetId = undefined;
        if (made === undefined) return;
        await lambda.deleteRuleset(made);
        made = undefined;
        const { id: _, machineIds: __, ...before } = findRuleset(spec, state.region) ?? { id: "", machineIds: [] };
        if ("rules" in before) await lambda.createRuleset(before);
      },
    },
  ];
}

/** @throws ruleset-in-use */
export function refuseUsedRuleset({
  name: machine,
  rules,
  rulesets,
}: Pick<LaunchSpec, "name" | "rules" | "rulesets">): void {
  const name = keyNameOf(machine);
  const used = rulesets.find((ruleset) => ruleset.name === name && ruleset.machineIds.length > 0);
  if (used === undefined || rules.length === 0) return;
  throw new SatelliteError(
    "ruleset-in-use",
    `ruleset ${name} in ${used.region} is that of machine ${used.machineIds.join(", ")}`,
    {
      hint: "Choose another name for the machine, or terminate that one first: eks-satellite machine list.",
    },
  );
}

function findRuleset({ name, rulesets }: LaunchSpec, region: string): Ruleset | undefined {
  return rulesets.find((ruleset) => ruleset.name === keyNameOf(name) && ruleset.region === region);
}

function textsOf({ rules }: Pick<Ruleset, "rules">): readonly string[] {
  return rules.map(describeRule).toSorted();
}

/** The machine itself, which costs from then on. */
export function planLaunch(lambda: LambdaApi, spec: LaunchSpec, state: LaunchState, context: WaitContext): Change {
  const { name, plan, userData, known } = spec;
  const target = `machine ${name} at Lambda`;
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty(describeMachine(spec, state))),
    apply: async (print) => {
      const since = new Date(context.clock.now()).toISOString();
      const request: LaunchRequest = {
        ...{ name, type: plan.type.name, region: state.region, sshKey: plan.sshKey.name },
        tags: { [TAGS.node]: name, [TAGS.cluster]: spec.clusterArn, [TAGS.launch]: spec.launchId, [TAGS.since]: since },
        ...(spec.fileSystems.length === 0 ? {} : { fileSystems: spec.fileSystems }),
        ...optional({ image: spec.image, userData: await userData?.render() }),
        ...(state.rulesetId === undefined ? {} : { rulesetIds: [state.rulesetId] }),
      };
      state.machineId = await launchOnce(lambda, request, { ...context, known });
      print(`${name} is ${state.machineId} in ${state.region}`);
    },
  };
}

function describeMachine(
  { name, plan, image, fileSystems, userData, clusterArn }: LaunchSpec,
  { region }: LaunchState,
) {
  return {
    name,
    type: plan.type.name,
    region,
    image: image === undefined ? "Lambda's default" : "id" in image ? image.id : `the latest of ${image.family}`,
    sshKey: plan.sshKey.name,
    ...(fileSystems.length === 0 ? {} : { fileSystems }),
    userData: userData?.description ?? "none: the machine is joined over ssh",
    cluster: clusterArn,
  };
}

/** E.g. `0.75 USD an hour`. */
export function describePrice(centsPerHour: number): string {
  return `${(centsPerHour / 100).toFixed(2)} USD an hour`;
}

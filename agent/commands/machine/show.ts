// `eks-satellite machine show`: everything of one machine, with what reaches it from outside.
import type { Command } from "commander";
import type { FirewallRule, LambdaApi, Machine, Ruleset } from "../../admin/lambda/api.ts";
import { UNFILTERED_REGION } from "../../admin/lambda/regions.ts";
import { TAGS } from "../../admin/lambda/tags.ts";
import { findMachine, launchedAt } from "../../admin/machine/find-machine.ts";
import { isoTime } from "../../time.ts";
import type { LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";
import { type LambdaOptions, lambdaKeyOption, openLambda } from "./options.ts";
import { cell, renderDollars, renderGpus, renderSince } from "./output.ts";

export interface ShowOptions extends LambdaOptions {
  readonly output: OutputFormat;
}

export interface ShowContext {
  readonly lambda: () => Promise<Pick<LambdaApi, "list" | "listRulesets" | "listGlobalRules">>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Lambda's document says so of this region, and not whether its ports are open or closed. */
const HOUR_MS = 3_600_000;

/** Adds `machine show`. */
export function registerShow(machine: Command, context: LaptopContext): void {
  machine
    .command("show")
    .description("show one machine, and what the firewall lets through to it")
    .argument("<name>", "name, host name or id of the machine, or the Node that it is")
    .addOption(lambdaKeyOption())
    .addOption(outputOption())
    .action(async (name: string, options: ShowOptions) => {
      const { host, print } = context;
      const lambda = () => openLambda(context, options);
      await showCommand({ lambda, now: host.clock.now }, name, options, print);
    });
}

/** Prints it. @throws lambda-not-found, machine-ambiguous, lambda-key-missing, … */
export async function showCommand(
  { lambda: open, now }: ShowContext,
  name: string,
  { output }: Pick<ShowOptions, "output">,
  print: Print,
): Promise<void> {
  const lambda = await open();
  const machine = findMachine(await lambda.list(), name);
  const rulesets = (await lambda.listRulesets()).filter(({ id }) => machine.rulesetIds.includes(id));
  const globalRules = await lambda.listGlobalRules();
  if (output === "json") print(`${JSON.stringify({ machine, rulesets, globalRules }, undefined, 2)}\n`);
  else print(renderMachine({ machine, rulesets, globalRules }, now()));
}

interface Shown {
  readonly machine: Machine;
  readonly rulesets: readonly Ruleset[];
  readonly globalRules: readonly FirewallRule[];
}

function renderMachine({ machine, rulesets, globalRules }: Shown, nowMs: number): string {
  const { type, region } = machine;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["name", cell(machine.name)],
    ["host name", cell(machine.hostname)],
    ["id", cell(machine.id)],
    ["status", cell(machine.status)],
    ["Node", cell(machine.tags[TAGS.node])],
    ["cluster", machine.tags[TAGS.cluster]],
    ["type", `${cell(type.name)}, ${[renderGpus(type), `${type.vcpus} vCPU, ${type.memoryGib} GiB`].join(", ")}`],
    [
      "region",
      `${cell(region.name)} ${region.description === undefined ? "" : `(${cell(region.description)})`}`.trim(),
    ],
    ["public address", machine.address],
    ["private address", machine.privateAddress],
    ["price", renderPrice(machine, nowMs)],
    ["since", isoTime(launchedAt(machine))],
    ["SSH keys", machine.sshKeyNames.map(cell).join(", ")],
    ["file systems", machine.fileSystemNames.map(cell).join(", ")],
    ["global rules", renderRules(globalRules)],
    ...rulesets.map(({ name, rules }) => [`ruleset ${cell(name)}`, renderRules(rules)] as const),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  const lines = rows.map(([key, value]) => `${key.padEnd(width)}  ${value || "-"}\n`);
  return [...lines, ...notesOf(machine).map((note) => `! ${note}\n`)].join("");
}

function renderPrice(machine: Machine, nowMs: number): string {
  const { centsPerHour } = machine.type;
  const price = `${renderDollars(centsPerHour)} USD an hour`;
  const at = launchedAt(machine);
  if (at === undefined || nowMs < at) return price;
  const soFar = renderDollars(((nowMs - at) / HOUR_MS) * centsPerHour);
  return `${price}, about ${soFar} USD in ${renderSince(machine, nowMs)}`;
}

/** The firewall lets nothing else through but what is on its list. */
function renderRules(rules: readonly FirewallRule[]): string {
  const described = rules.map(({ protocol, ports, source }) => {
    const [first, last] = ports ?? [];
    const range = first === undefined ? "" : first === last ? ` ${first}` : ` ${first}-${last}`;
    return `${protocol}${range} from ${cell(source)}`;
  });
  return described.join("; ") || "nothing";
}

function notesOf({ actions, region, status }: Machine): readonly string[] {
  const refused = Object.entries(actions)
    .filter(([name, { isAvailable }]) => !isAvailable && (name === "restart" || name === "terminate"))
    .map(
      ([name, { reason }]) =>
        `it cannot be ${name}${name.endsWith("e") ? "d" : "ed"} now: ${cell(reason) || "no reason is given"}`,
    );
  return [
    ...(status === "unhealthy" ? ["Lambda Cloud cannot reach it: it costs all the same"] : []),
    ...(region.name === UNFILTERED_REGION
      ? [`no firewall rule holds in ${UNFILTERED_REGION}, Lambda's document says`]
      : []),
    ...refused,
  ];
}

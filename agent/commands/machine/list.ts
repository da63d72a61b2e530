// `eks-satellite machine list`: the machines that cost.
import type { Command } from "commander";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { TAGS } from "../../admin/lambda/tags.ts";
import { compareMachines, type ListedMachine } from "../../admin/machine/compare.ts";
import { launchedAt, nameOf } from "../../admin/machine/find-machine.ts";
import { renderTable } from "../../table.ts";
import { isoTime } from "../../time.ts";
import type { CommandContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";
import { type LambdaOptions, lambdaKeyOption, openLambda } from "./options.ts";
import { cell, renderDollars, renderSince } from "./output.ts";

export interface ListOptions extends LambdaOptions {
  readonly output: OutputFormat;
}

export interface ListContext {
  readonly lambda: () => Promise<Pick<LambdaApi, "list">>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly stopSignal: AbortSignal;
}

/** Adds `machine list`. */
export function registerList(machine: Command, context: CommandContext): void {
  machine
    .command("list")
    .description("list the machines that cost")
    .addOption(lambdaKeyOption())
    .addOption(outputOption())
    .action(async (options: ListOptions) => {
      const { host, print, stopSignal } = context;
      const lambda = () => openLambda(context, options);
      await listCommand({ lambda, now: host.clock.now, stopSignal }, options, print);
    });
}

/** Prints the machines. @throws lambda-key-missing, lambda-key-invalid, … */
export async function listCommand(
  { lambda, now, stopSignal }: ListContext,
  { output }: Pick<ListOptions, "output">,
  print: Print,
): Promise<void> {
  const listed = compareMachines(await (await lambda()).list(stopSignal), undefined, now());
  print(output === "json" ? renderJson(listed) : renderText(listed, now()));
}

const HEADING = ["NAME", "TYPE", "CLOUD", "ADDRESS", "STATE", "NODE", "USD/h", "SINCE"];

function renderText(listed: readonly ListedMachine[], nowMs: number): string {
  if (listed.length === 0) return "no machine is rented\n";
  const problems = listed.flatMap(({ machine, node, problem }) => {
    if (problem === undefined) return [];
    const name = machine === undefined ? node?.name : nameOf(machine);
    return [`! ${cell(name)}: ${problem.text} → ${problem.remedy}\n`];
  });
  return renderTable([HEADING, ...listed.map((each) => rowOf(each, nowMs))]) + problems.join("") + renderSum(listed);
}

function rowOf({ machine, node, problem }: ListedMachine, nowMs: number): readonly string[] {
  const nodeCell = node === undefined ? cell(machine?.tags[TAGS.node]) : cell(node.name);
  const mark = problem === undefined ? "" : " !";
  if (machine === undefined) return ["", "", "", "", "", nodeCell + mark, "", ""];
  return [
    cell(nameOf(machine)),
    cell(machine.type.name),
    cell(machine.region.name),
    cell(machine.address),
    cell(machine.status),
    `${nodeCell || "none"}${mark}`,
    renderDollars(machine.type.centsPerHour),
    renderSince(machine, nowMs),
  ];
}

function renderSum(listed: readonly ListedMachine[]): string {
  const cents = listed.map(({ machine }) => machine?.type.centsPerHour ?? 0);
  const count = listed.filter(({ machine }) => machine !== undefined).length;
  if (count < 2) return "";
  return `${count} machines, ${renderDollars(cents.reduce((sum, each) => sum + each, 0))} USD an hour\n`;
}

function renderJson(listed: readonly ListedMachine[]): string {
  const machines = listed.map(({ machine, node, problem }) => ({
    machine: machine && { ...machine, since: isoTime(launchedAt(machine)) },
    node,
    problem,
  }));
  return `${JSON.stringify({ machines }, undefined, 2)}\n`;
}

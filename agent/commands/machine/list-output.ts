// What `machine list` prints: a table, what is wrong below it, and a document for `--output json`.
import { TAGS } from "../../admin/lambda/tags.ts";
import type { ListedMachine } from "../../admin/machine/compare.ts";
import { launchedAt, nameOf } from "../../admin/machine/find-machine.ts";
import { renderTable } from "../../table.ts";
import { isoTime } from "../../time.ts";
import { cell, renderDollars, renderSince } from "./output.ts";

/** The Nodes that could not be read, and why. */
export interface Unseen {
  readonly cluster: string;
  readonly problem: string;
  readonly hint: string | undefined;
}

export interface ListView {
  readonly nowMs: number;
  readonly unseen: Unseen | undefined;
  /** ARN of the cluster whose Nodes were read. */
  readonly clusterArn: string | undefined;
}

const HEADING = ["NAME", "TYPE", "CLOUD", "ADDRESS", "STATE", "NODE", "USD/h", "SINCE"];

/** The table, the problems with what to do, and the sum. */
export function renderListed(listed: readonly ListedMachine[], view: ListView): string {
  const { unseen } = view;
  const problems = listed.flatMap(({ machine, node, problem }) => {
    if (problem === undefined) return [];
    const name = machine === undefined ? node?.name : nameOf(machine);
    return [`! ${cell(name)}: ${problem.text} → ${problem.remedy}\n`];
  });
  return [
    listed.length === 0 ? "no machine is rented\n" : renderTable([HEADING, ...listed.map((each) => rowOf(each, view))]),
    ...problems,
    renderSum(listed),
    unseen === undefined
      ? ""
      : `! the Nodes of ${unseen.cluster} are not shown: ${unseen.problem}${unseen.hint === undefined ? "" : ` → ${unseen.hint}`}\n`,
  ].join("");
}

function rowOf({ machine, node, problem }: ListedMachine, view: ListView): readonly string[] {
  const mark = problem === undefined ? "" : " !";
  if (machine === undefined) return ["", "", "", "", "", describeNode(node) + mark, "", ""];
  return [
    cell(nameOf(machine)),
    cell(machine.type.name),
    cell(machine.region.name),
    cell(machine.address),
    cell(machine.status),
    (node === undefined ? expectedNode(machine, view) : describeNode(node)) + mark,
    renderDollars(machine.type.centsPerHour),
    renderSince(machine, view.nowMs),
  ];
}

/** As kubectl has it. The name is the machine's, unless there is none. */
function describeNode(node: ListedMachine["node"]): string {
  if (node === undefined) return "none";
  const { name, isReady, isCordoned } = node;
  return `${cell(name)} ${isReady ? "Ready" : "NotReady"}${isCordoned ? ",SchedulingDisabled" : ""}`;
}

/** The Node that its launch named, where that is not of the cluster whose Nodes were read. */
function expectedNode({ tags }: NonNullable<ListedMachine["machine"]>, { clusterArn }: ListView): string {
  const { [TAGS.node]: name, [TAGS.cluster]: arn = "" } = tags;
  if (name === undefined || arn === clusterArn) return "none";
  const [, cluster] = /:cluster\/([\w-]{1,100})$/.exec(arn) ?? [];
  return `${cell(name)}${cluster === undefined ? "" : ` in ${cluster}`}`;
}

function renderSum(listed: readonly ListedMachine[]): string {
  const cents = listed.flatMap(({ machine }) => (machine === undefined ? [] : [machine.type.centsPerHour]));
  if (cents.length < 2) return "";
  return `${cents.length} machines, ${renderDollars(cents.reduce((sum, each) => sum + each, 0))} USD an hour\n`;
}

/** For `--output json`. */
export function describeListed(listed: readonly ListedMachine[], unseen: Unseen | undefined) {
  const machines = listed.map(({ machine, node, problem }) => ({
    ...(machine && { machine: { ...machine, since: isoTime(launchedAt(machine)) } }),
    ...(node && { node }),
    ...(problem && { problem }),
  }));
  return { machines, ...(unseen && { unread: [unseen] }) };
}

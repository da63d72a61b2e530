// Asks every row of rows.ts before and after everything of columns.ts, and prints a table. It ends with 1 when a cell fails.
import { setTimeout as delay } from "node:timers/promises";
import { Command, Option } from "commander";
import { Pings } from "../e2e/network/echo-requests.ts";
import { NODE } from "../e2e/network/routed.ts";
import type { MachineKind } from "../sandbox/state.ts";
import { COLUMNS, type Column } from "./columns.ts";
import { askRow } from "./questions.ts";
import { conformanceRows } from "./rows.ts";
import { Site } from "./site.ts";
import { type Cell, renderProblems, renderTable } from "./table.ts";

const EVENT = "what happens";
const ECHOES = "echo requests, VPC → node";
/** How long a row may fail after what happened; a machine without KVM is ten times slower. */
const CELL_MS: Readonly<Record<MachineKind, number>> = { nspawn: 45_000, vm: 150_000 };
/** What is on its way when the last request is sent. */
const AFTERWARDS_MS = 2000;

interface Options {
  readonly machine: MachineKind;
  readonly spoil?: string;
}

const program = new Command("network-conformance")
  .description("ask everything of a satellite's network, before and after what happens to it, and print a table")
  .addOption(new Option("--machine <kind>", "what becomes the node").choices(["nspawn", "vm"]).default("nspawn"))
  .option("--spoil <command>", "a shell command for the node before each column, to see cells that fail");
program.parse();

const { machine, spoil } = program.opts<Options>();
const print = (line: string) => void process.stdout.write(`${line}\n`);
const cells: Cell[] = [];
const site = await Site.bringUp(machine);
const rows = conformanceRows(site);
try {
  for (const column of COLUMNS) await askColumn(column);
} finally {
  const names = [EVENT, ...rows.map(({ name }) => name), ECHOES];
  print(`\nmachine: ${machine}; WireGuard of the node: ${await wireguardOf(site)}\n`);
  const columns = COLUMNS.map(({ name }) => name);
  print(renderTable(names, columns, cells));
  print(renderProblems(cells));
  await site.close();
}
const isWhole = cells.length === COLUMNS.length * (rows.length + 2);
process.exit(isWhole && cells.every(({ problem }) => problem === undefined) ? 0 : 1);

async function askColumn(column: Column): Promise<void> {
  await happen(column);
  if (spoil !== undefined) await site.node.box("sh", "-c", spoil);
  for (const row of rows)
    note({ row: row.name, column: column.name, problem: await askRow(row, { deadlineMs: CELL_MS[machine] }) });
  await column.end?.(site);
}

/** Lets it happen while the VPC sends echo requests to the node. */
async function happen({ name: column, happen: work, judge }: Column): Promise<void> {
  const pings = new Pings(site.node.connected.sandbox.addresses.controlNamespace, NODE);
  const began = performance.now();
  const problem = await work(site).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const text = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  note({ row: EVENT, column, problem, text });
  await delay(AFTERWARDS_MS);
  const result = await pings.stop();
  const said = `${result.lost} of ${result.sent} lost, ${(result.longestGapMs / 1000).toFixed(1)} s`;
  note({ row: ECHOES, column, problem: judge?.(result), text: said });
}

function note(cell: Cell): void {
  cells.push(cell);
  const { row, column, problem, text = "ok" } = cell;
  print(`${problem === undefined ? "✓" : "✗"} ${column}: ${row}: ${problem ?? text}`);
}

/** Whose it is: a link of the kernel's, or a program's. */
async function wireguardOf({ node }: Site): Promise<string> {
  const link = await node.box("ip", "-details", "link", "show", "es0").catch(() => "");
  return /^ +wireguard\b/m.test(link) ? "the kernel's" : link === "" ? "unknown" : "wireguard-go";
}

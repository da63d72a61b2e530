// `eks-satellite check`: whether this machine is fit to be a node, and what is wrong with it. Changes nothing.
import type { Command } from "commander";
import { type GroupedCheck, type NamedFinding, NEEDS_CONFIGURATION, type Outcome, runChecks } from "../check/check.ts";
import { createContext } from "../check/context.ts";
import { IDENTITY_CHECKS } from "../check/identity-checks.ts";
import { MACHINE_CHECKS } from "../check/machine-checks.ts";
import { NETWORK_CHECKS } from "../check/network-checks.ts";
import { RUNTIME_CHECKS } from "../check/runtime-checks.ts";
import { SERVICES_CHECKS } from "../check/services-checks.ts";
import { TLS_CHECK } from "../check/tls-check.ts";
import { DNS_CACHE_CHECK } from "../check/tunnel/dns-cache-check.ts";
import { POD_NETWORK_CHECK } from "../check/tunnel/pod-network-check.ts";
import { TUNNEL_CHECKS } from "../check/tunnel/tunnel-checks.ts";
import { readConfigInForce } from "../config/in-force.ts";
import { loadConfig } from "../config/load.ts";
import { SatelliteError } from "../errors.ts";
import { withoutControls } from "../foreign-text.ts";
import type { Aws } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { findNearest } from "../nearest.ts";
import { optional } from "../optional.ts";
import type { CommandContext, Print } from "./context.ts";
import { configOption, type OutputFormat, outputOption } from "./options.ts";
import { type Paint, PLAIN } from "./paint.ts";

export interface CheckOptions {
  readonly config: string;
  readonly output: OutputFormat;
  readonly only: readonly string[];
  readonly skip: readonly string[];
  /** Without it there are no colours. */
  readonly paint?: Paint;
}

/** What is checked. */
export interface CheckMachine {
  readonly host: Host;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts this program again, to read the hardware. */
  readonly program?: readonly string[] | undefined;
  readonly aws?: Aws;
}

/** Every check, in the order of the report. */
export const CHECKS: readonly GroupedCheck[] = Object.entries({
  machine: MACHINE_CHECKS,
  runtime: RUNTIME_CHECKS,
  network: [...NETWORK_CHECKS, TLS_CHECK, ...TUNNEL_CHECKS, POD_NETWORK_CHECK, ...SERVICES_CHECKS, DNS_CACHE_CHECK],
  identity: IDENTITY_CHECKS,
}).flatMap(([group, checks]) => checks.map((check) => ({ ...check, group })));

const MARKS: Readonly<Record<Outcome, string>> = { ok: "✓", warn: "!", fail: "✗", pending: "○", unknown: "?" };
const COLOURS = { ok: "green", warn: "yellow", fail: "red", pending: "dim", unknown: "dim" } as const;
const NAME_WIDTH = 20;

/** Adds `check`. */
export function register(program: Command, context: CommandContext): void {
  const { host, environment, program: self, printScreen, exitNow } = context;
  program
    .command("check")
    .description("check whether this machine is fit to be a node; exit 0 nothing failed, 1 something failed")
    .addOption(configOption())
    .addOption(outputOption())
    .option("--only <names...>", "run these checks only", [])
    .option("--skip <names...>", "run all checks but these", [])
    .action(async (options: CheckOptions) => {
      const { paint } = context;
      await exitNow(await checkCommand({ host, environment, program: self }, { ...options, paint }, printScreen));
    });
}

/** Prints the findings; returns 1 when a check failed, else 0. @throws check-unknown */
export async function checkCommand(
  { host, environment, program, aws }: CheckMachine,
  { config: file, output, only, skip, paint = PLAIN }: CheckOptions,
  print: Print,
): Promise<number> {
  const chosen = choose(only, skip);
  let configProblem: unknown;
  await loadConfig(host, file).catch((error: unknown) => {
    configProblem = error;
  });
  const config = await readConfigInForce(host, file);
  const known = { host, environment, config, configFile: file, configProblem };
  const context = createContext({ ...known, ...optional({ aws, program }) });
  const findings = await runChecks(chosen, context);
  const summary = { ok: 0, warn: 0, fail: 0, pending: 0, unknown: 0 };
  for (const { outcome } of findings) summary[outcome] += 1;
  print(
    output === "json"
      ? withoutControls(`${JSON.stringify({ checks: findings, summary }, undefined, 2)}\n`)
      : renderText(findings, summary, paint),
  );
  return summary.fail > 0 ? 1 : 0;
}

function choose(only: readonly string[], skip: readonly string[]): readonly GroupedCheck[] {
  const names = CHECKS.map(({ name }) => name);
  const unknown = [...only, ...skip].find((name) => !names.includes(name));
  const nearest = findNearest(unknown ?? "", names);
  if (unknown !== undefined)
    throw new SatelliteError("check-unknown", `there is no check ${unknown}`, {
      hint: `Checks: ${names.join(", ")}.${nearest === undefined ? "" : ` Did you mean ${nearest}?`}`,
    });
  return CHECKS.filter(({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name));
}

function renderText(
  findings: readonly NamedFinding[],
  summary: Readonly<Record<Outcome, number>>,
  paint: Paint,
): string {
  const waiting = findings.filter(({ evidence }) => evidence === NEEDS_CONFIGURATION);
  const made = findings.filter((finding) => !waiting.includes(finding));
  const { ok, warn, fail, pending, unknown } = summary;
  const sums = `${ok} ok, ${warn} warnings, ${fail} failed, ${pending} that the daemon brings, ${unknown} unknown`;
  const lines = made.flatMap((finding, index) => renderFinding(finding, made[index - 1]?.group, paint));
  return `${[...lines, ...renderWaiting(waiting, paint), sums, ...renderSee(findings)].join("\n")}\n`;
}

/** Once for all that failed: each has its remedy already. */
function renderSee(findings: readonly NamedFinding[]): readonly string[] {
  const failed = findings.filter(({ outcome }) => outcome === "fail").map(({ name }) => name);
  return failed.length === 0 ? [] : [`see: eks-satellite explain ${failed.join(" ")}`];
}

/** The evidence may quote what a pod or a server wrote. */
function renderFinding(
  { name, group, outcome, evidence, remedy }: NamedFinding,
  before: string | undefined,
  paint: Paint,
): readonly string[] {
  return [
    ...(group === before ? [] : [paint("bold", `${group}:`)]),
    `${paint(COLOURS[outcome], MARKS[outcome])} ${name.padEnd(NAME_WIDTH)} ${withoutControls(evidence)}`,
    ...(remedy === undefined ? [] : [`  → ${withoutControls(remedy)}`]),
  ];
}

/** One line for all, since one thing is to be done about them. */
function renderWaiting(waiting: readonly NamedFinding[], paint: Paint): readonly string[] {
  if (waiting.length === 0) return [];
  const names = waiting.map(({ name }) => name).join(", ");
  return [
    `${paint(COLOURS.unknown, MARKS.unknown)} ${waiting.length} more ${NEEDS_CONFIGURATION.replace("needs", waiting.length === 1 ? "needs" : "need")}: ${names}`,
    "  → eks-satellite configure writes it.",
  ];
}

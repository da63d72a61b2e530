// `eks-satellite plan`: what a round would change, and why. Changes nothing.
import type { Command } from "commander";
import { createTwoFilesPatch } from "diff";
import { converge, type Failure } from "../apply/converge.ts";
import type { Change } from "../apply/executor.ts";
import { Ledger } from "../apply/ledger.ts";
import { findPrunings, type Pruning } from "../apply/prune.ts";
import { type ClusterFacts, readCachedCluster, readCluster } from "../aws/cluster.ts";
import { loadConfig } from "../config/load.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { readSessionKeys } from "../credentials/credentials.ts";
import { describe } from "../errors.ts";
import { readNodeFacts } from "../facts/node-facts.ts";
import { createVersionReader } from "../facts/versions.ts";
import { withoutControls } from "../foreign-text.ts";
import { createAws } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { type PlannedInstall, planProvisioning } from "../install/plan-provisioning.ts";
import { createLog } from "../log.ts";
import { readTunnelFacts } from "../network/tunnel-facts.ts";
import { planNode } from "../plan/node-plan.ts";
import { type Resource, resourceId } from "../plan/resource.ts";
import type { CommandContext, Print } from "./context.ts";
import { configOption, type OutputFormat, outputOption } from "./options.ts";
import { type Paint, PLAIN } from "./paint.ts";

export interface PlanOptions {
  readonly config: string;
  readonly diff: boolean;
  readonly output: OutputFormat;
  /** Without it there are no colours. */
  readonly paint?: Paint;
}

/** The exit codes of terraform's `plan -detailed-exitcode`. */
export const PLAN_EXIT = { nothing: 0, error: 1, something: 2 } as const;

interface PlannedChange {
  readonly resource: string;
  readonly action: Change["action"] | PlannedInstall["action"] | "remove" | "restore";
  readonly why: string;
  readonly diff?: string;
}

/** Adds `plan`. */
export function register(program: Command, context: CommandContext): void {
  const { host, printScreen, exitWith } = context;
  program
    .command("plan")
    .description("show what would change on this machine, and why; exit 0 nothing, 2 something, 1 error")
    .addOption(configOption())
    .option("--diff", "show how the contents would change", false)
    .addOption(outputOption())
    .action(async (options: PlanOptions) => {
      const { paint } = context;
      exitWith(await planCommand(host, { ...options, paint }, printScreen));
    });
}

/** Prints the plan and returns the exit code. @throws config-missing, config-syntax, config-invalid */
export async function planCommand(host: Host, options: PlanOptions, print: Print): Promise<number> {
  const config = await loadConfig(host, options.config);
  const unknown: unknown[] = [];
  const cluster = await findCluster(host, config).catch((error: unknown) => void unknown.push(error));
  const facts = {
    ...(await readNodeFacts(host, config, createVersionReader(host), cluster ?? undefined)),
    tunnel: await readTunnelFacts(host, config, cluster?.serviceCidr),
  };
  const plan = planNode(config, facts);
  const { resources, problems, tunnelProblem, podNetworkProblem } = plan;
  const quiet = createLog({ level: "error", format: "text" }, () => undefined);
  const { changes, failures } = await converge(resources, {
    host,
    log: quiet,
    servicesFile: statePaths(config.stateFolder).services,
    ledger: undefined,
  });
  const ledger = new Ledger(host, statePaths(config.stateFolder).ledger, quiet);
  const prunings = await findPrunings(host, ledger, plan).catch((error: unknown) => void unknown.push(error));
  const provisioning = await planProvisioning(host, config, { clusterVersion: cluster?.version, unknown });
  const errors = [
    ...unknown,
    ...facts.gaps,
    ...problems,
    ...[tunnelProblem, podNetworkProblem].filter((problem) => problem !== undefined && !problems.includes(problem)),
    ...failures.map(nameFailure),
  ].map(describe);
  const planned = [
    ...provisioning,
    ...changes.map((change) => toPlannedChange(change, options.diff)),
    ...(prunings ?? []).filter(({ isOurs }) => isOurs).map(toPlannedPruning),
  ];
  print(
    options.output === "json"
      ? withoutControls(`${JSON.stringify({ changes: planned, errors }, undefined, 2)}\n`)
      : renderText(planned, errors, { userId: host.userId, paint: options.paint ?? PLAIN }),
  );
  if (errors.length > 0) return PLAN_EXIT.error;
  return planned.length > 0 ? PLAN_EXIT.something : PLAN_EXIT.nothing;
}

/** Reads the facts that the daemon cached, or asks EKS on a machine that has not joined yet. */
async function findCluster(host: Host, config: Config): Promise<ClusterFacts> {
  const cached = await readCachedCluster(host, statePaths(config.stateFolder).cluster, config.cluster).catch(
    () => undefined,
  ); // Without root the cache cannot be read.
  if (cached !== undefined) return cached;
  const aws = createAws(config.cluster.region, config.aws.endpoints);
  return readCluster(aws, await readSessionKeys(host, aws, config), config.cluster, host.clock.now());
}

function nameFailure({ resource, error }: Failure): Error {
  const { message } = describe(error);
  return new Error(`${resourceId(resource)} could not be compared`, {
    cause: error instanceof Error ? error : new Error(message),
  });
}

function toPlannedPruning({ id, original }: Pruning): PlannedChange {
  const action = original.kind === "absent" ? "remove" : "restore";
  return { resource: id, action, why: "the configuration no longer asks for it" };
}

function toPlannedChange({ resource, action, before, after }: Change, isDiffWanted: boolean): PlannedChange {
  const id = resourceId(resource);
  const name = nameOfText(resource);
  const diff =
    name !== undefined && action !== "set-mode"
      ? createTwoFilesPatch(before === undefined ? "/dev/null" : name, name, before ?? "", after, "", "", {
          context: 3,
        })
      : `${before ?? "(none)"} → ${after}\n`;
  return { resource: id, action, why: resource.why, ...(isDiffWanted ? { diff } : {}) };
}

/** Of what is compared as a text of several lines. */
function nameOfText(resource: Resource): string | undefined {
  switch (resource.kind) {
    case "file":
      return resource.path;
    case "tunnel":
    case "firewall":
      return resourceId(resource);
    default:
      return undefined;
  }
}

function renderText(
  changes: readonly PlannedChange[],
  errors: readonly { message: string; hint: string | undefined }[],
  { userId, paint }: { readonly userId: number; readonly paint: Paint },
): string {
  const lines = changes.flatMap(({ resource, action, why, diff }) => [
    `${paint(colourOf(action), action.padEnd(8))} ${withoutControls(`${resource}  (${why})`)}`,
    ...(diff === undefined ? [] : renderDiff(diff, paint)),
  ]);
  const failed = errors.map(
    ({ message, hint }) =>
      `${paint("yellow", "unknown")}  ${withoutControls(`${message}${hint === undefined ? "" : ` → ${hint}`}`)}`,
  );
  const summary = changes.length === 0 ? "nothing to change" : `${changes.length} to change`;
  const unread =
    errors.length === 0 ? "" : `, ${errors.length} unknown${userId === 0 ? "" : " (run as root to read everything)"}`;
  return `${[...lines, ...failed, `${summary}${unread}`].join("\n")}\n`;
}

function colourOf(action: PlannedChange["action"]): "green" | "red" | "yellow" {
  if (action === "create" || action === "install" || action === "download") return "green";
  return action === "remove" ? "red" : "yellow";
}

/** A file's content may be anybody's. */
function renderDiff(diff: string, paint: Paint): readonly string[] {
  const lines = withoutControls(diff).trimEnd().split("\n");
  return lines.map((line) => `    ${paintLine(line, paint)}`);
}

/** As diff(1) colours its lines; the names of files stay as they are. */
function paintLine(line: string, paint: Paint): string {
  if (/^(?:---|\+\+\+|===)/.test(line)) return line;
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : line;
}

// How `authorize` and `revoke` change a cluster: they show every change, ask the user, then make and report each one.
import { type Command, Option } from "commander";
import type { Change, ChangePlan } from "../admin/change.ts";
import type { Administrator, ClusterAccess } from "../admin/cluster-access.ts";
import { METHODS, type Method } from "../admin/method.ts";
import { type Principal, parsePrincipal } from "../admin/principal.ts";
import type { ClusterName } from "../aws/cluster.ts";
import { configSchema } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Confirm, Print, TerminalContext } from "./context.ts";
import {
  contextOption,
  kubeconfigOption,
  type OutputFormat,
  outputOption,
  parseRegion,
  profileOption,
} from "./options.ts";

export interface ChangeOptions {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
  readonly userArn?: string;
  readonly method: Method;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly output: OutputFormat;
  /** Where aws-auth is saved before it is changed. */
  readonly backupFolder: string;
}

export interface AdminContext {
  /** Loads AWS's clients; bad input is reported before. */
  readonly openAdmin: () => Promise<Administrator>;
  /** Asks the user; undefined without a terminal. */
  readonly confirm: Confirm | undefined;
  readonly signals?: Signals | undefined;
}

/** Read when changes begin: a signal ends what comes before them at once, and from then on between two. */
type Signals = Pick<TerminalContext, "stopSignal">;

/** Adds the options that `authorize` and `revoke` share. */
export function addChangeOptions(command: Command): Command {
  return command
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .option("--role-arn <arn>", "role that nodes assume")
    .option("--user-arn <arn>", "IAM user that is one node")
    .addOption(new Option("--method <method>", "how the cluster learns of it").choices(METHODS).default("auto"))
    .addOption(profileOption())
    .addOption(kubeconfigOption("read and change aws-auth"))
    .addOption(contextOption())
    .option("--backup-folder <folder>", "where aws-auth is saved before it is changed", ".")
    .option("--yes", "do not ask for confirmation", false)
    .option("--dry-run", "show what would change, and change nothing", false)
    .addOption(outputOption());
}

/** Exit codes: 0 done, or nothing to do; 2 not confirmed, and nothing was changed. */
export const CHANGE_EXIT = { done: 0, refused: 2 } as const;

/** The changes to show, and the sentences to end with. */
export interface Proposal extends ChangePlan {
  readonly access: Pick<ClusterAccess, "name" | "region" | "mode" | "callerArn">;
  readonly principalArn?: string;
  /** What JSON says beside the changes. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly nothing: string;
  readonly done: string;
}

export interface ProposalContext {
  readonly options: Pick<ChangeOptions, "output" | "yes" | "dryRun">;
  readonly confirm: Confirm | undefined;
  readonly print: Print;
  /** Ends between two changes. */
  readonly stopSignal?: AbortSignal;
  readonly signals?: Signals | undefined;
}

/** Shows the changes, asks the user, makes them, and returns the exit code. @throws interrupted */
export async function proposeChanges(
  proposal: Proposal,
  { confirm, options, print, stopSignal, signals }: ProposalContext,
): Promise<number> {
  const { changes, nothing, done } = proposal;
  const isText = options.output === "text";
  const say = (text: string) => (isText ? print(text) : undefined);
  const finish = (isApplied: boolean, messages: readonly string[] = []) => {
    if (!isText) print(renderJson(proposal, isApplied, messages));
  };
  say(renderProposal(proposal));
  if (changes.length === 0 || options.dryRun) {
    say(changes.length === 0 ? `nothing to do: ${nothing}\n` : "");
    finish(false);
    return CHANGE_EXIT.done;
  }
  if (!options.yes && !(isText && (await isConfirmed(confirm, say)))) {
    finish(
      false,
      isText ? [] : ["nothing was changed: --output json does not ask for confirmation, --yes makes the changes"],
    );
    return CHANGE_EXIT.refused;
  }
  finish(true, await applyAll(changes, say, stopSignal ?? signals?.stopSignal));
  say(`${done}\n`);
  return CHANGE_EXIT.done;
}

async function isConfirmed(confirm: Confirm | undefined, say: Print): Promise<boolean> {
  if (confirm === undefined) {
    say("nothing was changed: there is no terminal to ask for confirmation. --yes makes the changes\n");
    return false;
  }
  return confirm("Make these changes? [y/N] ");
}

async function applyAll(changes: readonly Change[], say: Print, stop?: AbortSignal): Promise<readonly string[]> {
  const messages: string[] = [];
  for (const { action, target, apply } of changes) {
    if (stop?.aborted === true)
      throw new SatelliteError("interrupted", `interrupted before: ${action} ${target}`, {
        hint: "What was made before stays. Running this again continues from there.",
      });
    await apply((line) => {
      messages.push(line);
      say(`  ${line}\n`);
    });
    say(`✓ ${action} ${target}\n`);
  }
  return messages;
}

/** The cluster, the changes as diffs, and the notes. */
export function renderProposal({ access, changes, notes }: Pick<Proposal, "access" | "changes" | "notes">): string {
  const { name, region, mode, callerArn } = access;
  return [
    `cluster ${name} in ${region}, authentication mode ${mode}, as ${callerArn}\n`,
    ...changes.map(({ diff }) => `${diff.trimEnd()}\n`),
    ...notes.map((note) => `! ${note}\n`),
  ].join("");
}

function renderJson(
  { access, principalArn, details, changes, notes }: Proposal,
  isApplied: boolean,
  messages: readonly string[],
): string {
  const { name, region, mode, callerArn } = access;
  const document = {
    cluster: name,
    region,
    authenticationMode: mode,
    caller: callerArn,
    ...(principalArn === undefined ? {} : { principalArn }),
    ...details,
    changes: changes.map(({ target, action, diff }) => ({ target, action, diff })),
    applied: isApplied,
    notes,
    messages,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Checks the name and region of a cluster. @throws cluster-invalid */
export function checkCluster({ cluster: name, region }: Pick<ChangeOptions, "cluster" | "region">): ClusterName {
  const { error } = configSchema.shape.cluster.safeParse({ name, region });
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return { name, region };
  const key = String(issue.path[0]);
  const value = key === "region" ? region : name;
  throw new SatelliteError(
    "cluster-invalid",
    `--${key === "region" ? "region" : "cluster"} ${JSON.stringify(value)} ${issue.message}`,
    {
      hint: "aws eks list-clusters --region REGION names the clusters of a region.",
    },
  );
}

/** Reads the role or user that is named. @throws options-invalid, session-arn, principal-kind, principal-invalid */
export function readPrincipal({ roleArn, userArn }: Pick<ChangeOptions, "roleArn" | "userArn">): Principal | undefined {
  if (roleArn !== undefined && userArn !== undefined) {
    throw new SatelliteError("options-invalid", "--role-arn and --user-arn cannot both be given", {
      hint: "Authorize one after the other.",
    });
  }
  if (roleArn !== undefined) return parsePrincipal(roleArn, "role", "--role-arn");
  return userArn === undefined ? undefined : parsePrincipal(userArn, "user", "--user-arn");
}

/** Path of the backup of aws-auth. @param nowMs milliseconds since the epoch */
export function backupFileFor(
  { cluster, backupFolder }: Pick<ChangeOptions, "cluster" | "backupFolder">,
  nowMs: number,
): string {
  // To the millisecond: a revoke right after an authorize must not overwrite the backup to restore from.
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]/g, "");
  return `${backupFolder.replace(/\/$/, "")}/aws-auth-${cluster}-${time}.yaml`;
}

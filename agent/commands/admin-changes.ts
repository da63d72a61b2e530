// How `authorize` and `revoke` go about it: everything is shown, somebody says yes, each change is made and told.

import type { Change, ChangePlan } from "../admin/change.ts";
import type { Administrator, ClusterAccess } from "../admin/cluster-access.ts";
import type { Method } from "../admin/method.ts";
import { type Principal, parsePrincipal } from "../admin/principal.ts";
import type { ClusterName } from "../aws/cluster.ts";
import { configSchema } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";

export interface ChangeOptions {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
  readonly userArn?: string;
  readonly method: Method;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly output: "text" | "json";
  /** Where aws-auth is saved before it is changed. */
  readonly backupFolder: string;
}

export interface AdminContext {
  /** AWS's clients are loaded for it: bad input is told before. */
  readonly openAdmin: () => Promise<Administrator>;
  /** Asks a person; undefined when there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

/** Exit codes: 0 done, or nothing to do; 2 not confirmed, and nothing was changed. */
export const CHANGE_EXIT = { done: 0, refused: 2 } as const;

/** What to show, and what to say at the end. */
export interface Proposal extends ChangePlan {
  readonly access: ClusterAccess;
  readonly principalArn: string;
  readonly nothing: string;
  readonly done: string;
}

/** Shows, asks, makes. Returns the exit code. */
export async function proposeChanges(
  proposal: Proposal,
  {
    confirm,
    options,
    print,
  }: { options: ChangeOptions; confirm: AdminContext["confirm"]; print: (text: string) => void },
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
    finish(false, isText ? [] : ["nothing was changed: --output json asks nobody, --yes makes the changes"]);
    return CHANGE_EXIT.refused;
  }
  finish(true, await applyAll(changes, say));
  say(`${done}\n`);
  return CHANGE_EXIT.done;
}

async function isConfirmed(confirm: AdminContext["confirm"], say: (text: string) => void): Promise<boolean> {
  if (confirm === undefined) {
    say("nothing was changed: nobody is there to be asked. --yes makes the changes\n");
    return false;
  }
  return confirm("Make these changes? [y/N] ");
}

async function applyAll(changes: readonly Change[], say: (text: string) => void): Promise<readonly string[]> {
  const messages: string[] = [];
  for (const { action, target, apply } of changes) {
    await apply((line) => {
      messages.push(line);
      say(`  ${line}\n`);
    });
    say(`✓ ${action} ${target}\n`);
  }
  return messages;
}

function renderProposal({ access, changes, notes }: Proposal): string {
  const { name, region, mode, callerArn } = access;
  return [
    `cluster ${name} in ${region}, authentication mode ${mode}, as ${callerArn}\n`,
    ...changes.map(({ diff }) => `${diff.trimEnd()}\n`),
    ...notes.map((note) => `! ${note}\n`),
  ].join("");
}

function renderJson(
  { access, principalArn, changes, notes }: Proposal,
  isApplied: boolean,
  messages: readonly string[],
): string {
  const { name, region, mode, callerArn } = access;
  const document = {
    cluster: name,
    region,
    authenticationMode: mode,
    caller: callerArn,
    principalArn,
    changes: changes.map(({ target, action, diff }) => ({ target, action, diff })),
    applied: isApplied,
    notes,
    messages,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** @throws cluster-invalid */
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

/** @throws options-invalid, session-arn, principal-kind, principal-invalid */
export function readPrincipal({ roleArn, userArn }: Pick<ChangeOptions, "roleArn" | "userArn">): Principal | undefined {
  if (roleArn !== undefined && userArn !== undefined) {
    throw new SatelliteError("options-invalid", "--role-arn and --user-arn cannot both be given", {
      hint: "Let them in one after the other.",
    });
  }
  if (roleArn !== undefined) return parsePrincipal(roleArn, "role", "--role-arn");
  return userArn === undefined ? undefined : parsePrincipal(userArn, "user", "--user-arn");
}

/** File for aws-auth as it is now. @param nowMs milliseconds since the epoch */
export function backupFileFor({ cluster, backupFolder }: ChangeOptions, nowMs: number): string {
  // To the millisecond: a revoke right after an authorize must not take the name of what it would be put back from.
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]/g, "");
  return `${backupFolder.replace(/\/$/, "")}/aws-auth-${cluster}-${time}.yaml`;
}

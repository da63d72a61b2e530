// Plans to let a role or a user be a node of a cluster, by the cluster's authentication mode, and to revoke that.
import { describe, hasCode, SatelliteError } from "../errors.ts";
import type { AccessEntry, AdminAws, Role } from "../host/admin-aws.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import { findEntry, letsNodesIn, planEntry, planEntryRemoval } from "./access-entry.ts";
import { type AwsAuthData, addMapping, hasMapping, nodeMapping, removeMappings } from "./aws-auth.ts";
import { planAwsAuthChange } from "./aws-auth-change.ts";
import { callAws } from "./aws-call.ts";
import type { Change, ChangePlan } from "./change.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import type { Method } from "./method.ts";
import { checkAccount, isSamePrincipal, type Principal, parsePrincipal, principalOfCaller } from "./principal.ts";

/** The principal to authorize or to revoke, and how. */
export interface NodeAuthorization {
  readonly principal: Principal;
  readonly method: Method;
  /** Required for a user, which has no session name that could name the node. */
  readonly nodeName: string | undefined;
  /** A role that is only planned is not looked up. */
  readonly roleState: "present" | "planned" | "unknown";
  /** Where aws-auth is saved before it is changed. */
  readonly backupFile: string;
}

export interface AuthorizationContext {
  readonly host: LaptopHost;
  readonly aws: AdminAws;
  readonly access: ClusterAccess;
}

/** @throws own-access, principal-other-account, role-not-found, method-impossible, mapping-differs, entry-differs, and what AWS and the API server refuse */
export async function planAuthorization(
  context: AuthorizationContext,
  authorization: NodeAuthorization,
): Promise<ChangePlan> {
  const { principal, method } = authorization;
  const { access } = context;
  checkPrincipal(principal, access, "authorize");
  checkMethod(authorization, access);
  const notes: string[] = [];
  const found = await lookUp(context, authorization, notes);
  const isByEntry = method === "access-entry" || (method === "auto" && canHaveEntry(found, access));
  // Both ways must agree, since an access entry takes precedence over aws-auth.
  const entry = canHaveEntry(found, access)
    ? await readEntry(context, found, { isNeeded: isByEntry, notes })
    : undefined;
  const isLetIn = entry !== undefined && letsNodesIn(entry, access);
  if (isLetIn && method !== "aws-auth") return { changes: [], notes };
  if (isLetIn) notes.push(`${found.arn} has an access entry too, which takes precedence over aws-auth`);
  const wanted = { ...authorization, principal: found };
  const change = isByEntry ? await planByEntry(context, wanted, notes) : await planByAwsAuth(context, wanted);
  return { changes: change === undefined ? [] : [change], notes };
}

async function planByEntry(
  context: AuthorizationContext,
  { principal, method, roleState }: NodeAuthorization,
  notes: string[],
): Promise<Change | undefined> {
  const { aws, access, host } = context;
  if (access.mode !== "API" && (await isInAwsAuth(context, nodeMapping(principal, undefined), notes))) {
    notes.push(`aws-auth already lets ${principal.arn} in`);
    if (method === "auto") return undefined;
  }
  return planEntry({ aws, access, clock: host.clock }, principal, roleState === "planned");
}

async function planByAwsAuth(
  context: AuthorizationContext,
  { principal, nodeName, backupFile }: NodeAuthorization,
): Promise<Change | undefined> {
  const { awsAuth, caller } = context.access;
  const mapping = nodeMapping(principal, nodeName);
  const edit = (data: AwsAuthData) => addMapping(data, mapping, caller);
  const change = planAwsAuthChange(context, await awsAuth.read(), { edit, backupFile });
  if (change === undefined) return undefined;
  const remove = (data: AwsAuthData) => removeMappings(data, mapping, caller);
  const beforeUndo = { edit: remove, backupFile: backupFile.replace(/(?:\.yaml)?$/, "-before-undo.yaml") };
  const undo = async (print: (line: string) => void) =>
    planAwsAuthChange(context, await awsAuth.read(), beforeUndo)?.apply(print);
  return { ...change, undo };
}

/** Plans to remove what lets the principal be a node, and nothing else. @throws as {@link planAuthorization} */
export async function planRevocation(
  context: AuthorizationContext,
  authorization: NodeAuthorization,
): Promise<ChangePlan> {
  const { principal, method, nodeName, backupFile } = authorization;
  const { access, aws } = context;
  checkPrincipal(principal, access, "revoke");
  checkMethod(authorization, access);
  const notes: string[] = [];
  const found = await lookUp(context, { ...authorization, roleState: "unknown" }, notes);
  const entry =
    method !== "aws-auth" && canHaveEntry(found, access)
      ? await readEntry(context, found, { isNeeded: true, notes })
      : undefined;
  const removal = entry === undefined ? [] : [planEntryRemoval({ aws, access, role: found }, entry)];
  if (method === "access-entry" || access.mode === "API") return { changes: removal, notes };
  const mapping = nodeMapping(found, nodeName);
  const change = planAwsAuthChange(context, await access.awsAuth.read(), {
    edit: (data) => removeMappings(data, mapping, access.caller),
    backupFile,
  });
  return { changes: [...removal, ...(change === undefined ? [] : [change])], notes };
}

/** The caller must not change their own access: the cluster would know them as a node only, or not at all. */
function checkPrincipal(principal: Principal, access: ClusterAccess, verb: string): void {
  checkAccount(principal, access);
  if (access.caller === undefined || !isSamePrincipal(principal, access.caller)) return;
  throw new SatelliteError(
    "own-access",
    `${principal.arn} is your own identity here (${access.callerArn}): ${verb} would change your own access`,
    {
      hint: "Nodes need a role of their own: --create-role makes one. Or another administrator of the cluster can do this.",
    },
  );
}

function canHaveEntry({ kind }: Principal, { mode }: ClusterAccess): boolean {
  return kind === "role" && mode !== "CONFIG_MAP";
}

/** @throws method-impossible */
function checkMethod({ principal, method }: NodeAuthorization, { name, region, mode }: ClusterAccess): void {
  const refuse = (problem: string, hint: string) => {
    throw new SatelliteError("method-impossible", problem, { hint });
  };
  if (principal.kind === "user" && method === "access-entry")
    refuse(
      `user ${principal.arn} cannot be a node through an access entry: EKS refuses user names that begin with system:`,
      "Use a role (--create-role), or --method aws-auth where the cluster reads aws-auth.",
    );
  if (mode === "API" && principal.kind === "user")
    refuse(
      `user ${principal.arn} can be a node through aws-auth only, and the authentication mode API of cluster ${name} does not read it`,
      "Use a role: --create-role with --trusted-arn of that user makes one.",
    );
  if (mode === "API" && method === "aws-auth")
    refuse(
      `the authentication mode of cluster ${name} is API: it does not read aws-auth`,
      "Use --method access-entry, or omit --method.",
    );
  if (mode === "CONFIG_MAP" && method === "access-entry")
    refuse(
      `the authentication mode of cluster ${name} is CONFIG_MAP: it has no access entries`,
      `Use --method aws-auth; or allow entries, which cannot be undone: aws eks update-cluster-config --name ${name} --region ${region} --access-config authenticationMode=API_AND_CONFIG_MAP.`,
    );
}

/** The role with its whole ARN: an access entry needs the path, which users often omit. A role may be deleted before it is revoked. */
async function lookUp(
  context: AuthorizationContext,
  authorization: NodeAuthorization,
  notes: string[],
): Promise<Principal> {
  const { aws, access } = context;
  const { principal, roleState, nodeName } = authorization;
  if (principal.kind === "user" || roleState === "planned") return principal;
  const question = { action: "iam:GetRole", resource: principal.arn, caller: access.callerArn };
  try {
    const role = await callAws(question, () => aws.findRole(principal.name));
    if (role === undefined && roleState === "present") throw roleMissing(principal);
    if (role === undefined) return findAmongEntries(context, principal, notes);
    if (roleState === "present") notes.push(...trustNotes(role, nodeName));
    return parsePrincipal(role.arn, "role", "role");
  } catch (error) {
    if (!hasCode(error, "aws-forbidden")) throw error;
    notes.push(
      `whether role ${principal.arn} exists, and with which path, is unknown: iam:GetRole on it is denied to ${access.callerArn}`,
    );
    return findAmongEntries(context, principal, notes);
  }
}

/** The ARN under which EKS has an entry for a role that IAM does not return. */
async function findAmongEntries(
  { aws, access }: AuthorizationContext,
  role: Principal,
  notes: string[],
): Promise<Principal> {
  if (!canHaveEntry(role, access)) return role;
  const question = { action: "eks:ListAccessEntries", resource: access.arn, caller: access.callerArn };
  try {
    const arns = await callAws(question, () => aws.listAccessEntries(access.name));
    const others = arns.map(principalOfCaller).filter((other) => other !== undefined);
    return others.find((other) => isSamePrincipal(other, role)) ?? role;
  } catch (error) {
    if (!hasCode(error, "aws-forbidden")) throw error;
    notes.push(`an access entry of ${role.name} with another path would not be seen: ${describe(error).message}`);
    return role;
  }
}

function roleMissing({ name, account }: Principal): SatelliteError {
  return new SatelliteError("role-not-found", `there is no role ${name} in account ${account}`, {
    hint: `aws iam list-roles --query 'Roles[].Arn', or --create-role ${name} to make it.`,
  });
}

/** Warnings from the trust policy's text; only AWS can evaluate a policy with wildcards. */
function trustNotes({ arn, trustPolicy }: Role, nodeName: string | undefined): readonly string[] {
  if (!/sts:RoleSessionName/i.test(trustPolicy))
    return [
      `every principal that may assume ${arn} may be any node: pin sts:RoleSessionName to the node's name in its trust policy`,
    ];
  if (nodeName === undefined || /[*?]|\$\{/.test(trustPolicy) || trustPolicy.includes(JSON.stringify(nodeName)))
    return [];
  return [`the trust policy of ${arn} does not name ${nodeName}: a machine of that name could not assume the role`];
}

/** An entry that the caller may not read is no obstacle where it is not needed: a note says what is unknown. */
async function readEntry(
  { aws, access }: AuthorizationContext,
  role: Principal,
  { isNeeded, notes }: { isNeeded: boolean; notes: string[] },
): Promise<AccessEntry | undefined> {
  return findEntry(aws, access, role).catch((error: unknown) => {
    if (isNeeded || !hasCode(error, "aws-forbidden")) throw error;
    notes.push(
      `whether ${role.arn} has an access entry, which would take precedence over aws-auth, is unknown: ${describe(error).message}`,
    );
    return undefined;
  });
}

/** @throws mapping-differs: an access entry would replace what aws-auth grants the role today */
async function isInAwsAuth(
  { access }: AuthorizationContext,
  mapping: ReturnType<typeof nodeMapping>,
  notes: string[],
): Promise<boolean> {
  try {
    return hasMapping((await access.awsAuth.read())?.data ?? {}, mapping);
  } catch (error) {
    if (hasCode(error, "mapping-differs")) throw error;
    notes.push(
      `what aws-auth grants the role, over which the entry takes precedence, is unknown: ${describe(error).message}`,
    );
    return false;
  }
}

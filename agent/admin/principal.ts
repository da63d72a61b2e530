// The principals to let in, and the caller: ARNs of IAM, checked before anything is changed.
import { SatelliteError } from "../errors.ts";

/** A role or a user of IAM. `path` begins and ends with `/`, as in IAM. */
export interface Principal {
  readonly kind: "role" | "user";
  readonly arn: string;
  readonly partition: string;
  readonly account: string;
  readonly path: string;
  readonly name: string;
}

/** IAM reference, "IAM identifiers": friendly names of at most 64 characters, paths of printable ASCII. */
const IAM_ARN = /^arn:(aws[a-z-]*):iam::(\d{12}):(role|user)(\/(?:[!-~]+\/)?)([\w+=,.@-]{1,64})$/;
const SESSION_ARN = /^arn:(aws[a-z-]*):sts::(\d{12}):assumed-role\/([\w+=,.@-]+)\/.+$/;

/**
 * Reads the ARN of a role or of a user.
 * @throws session-arn, principal-kind, principal-invalid
 */
export function parsePrincipal(arn: string, kind: Principal["kind"], option: string): Principal {
  const found = readPrincipal(arn);
  if (found?.kind === kind) return found;
  if (found !== undefined) {
    throw new SatelliteError("principal-kind", `${option} ${arn} is the ARN of a ${found.kind}, not of a ${kind}`, {
      hint: `Give it as --${found.kind}-arn, or give the ARN of a ${kind}.`,
    });
  }
  const session = readSession(arn);
  if (session !== undefined) {
    throw new SatelliteError("session-arn", `${option} ${arn} is the ARN of a session, not of a role`, {
      hint: `Use the role's own ARN: ${session.arn}, with its path if it has one (aws iam get-role --role-name ${session.name} --query Role.Arn).`,
    });
  }
  throw new SatelliteError("principal-invalid", `${option} ${JSON.stringify(arn)} is not the ARN of a ${kind}`, {
    hint: `It looks like arn:aws:iam::111122223333:${kind}/NAME.`,
  });
}

/** Reads the ARN of either kind. @throws session-arn, principal-invalid */
export function parseAnyPrincipal(arn: string, option: string): Principal {
  return readPrincipal(arn) ?? parsePrincipal(arn, "role", option);
}

/** The role or user that aws-iam-authenticator sees in the caller: a session stands for its role, whose path is unknown. Undefined for the account's root and for federated users. */
export function principalOfCaller(callerArn: string): Principal | undefined {
  return readPrincipal(callerArn) ?? readSession(callerArn);
}

/** The ARN by which aws-iam-authenticator finds a principal: a role's ARN without its path (pkg/arn, Canonicalize). */
export function mappedArn({ kind, arn, partition, account, name }: Principal): string {
  return kind === "role" ? `arn:${partition}:iam::${account}:role/${name}` : arn;
}

/** Whether both are the same role or user. A role's name is unique in an account, whatever the path. */
export function isSamePrincipal(one: Principal, other: Principal): boolean {
  return mappedArn(one).toLowerCase() === mappedArn(other).toLowerCase();
}

/** @throws principal-other-account */
export function checkAccount(
  { kind, arn, account }: Principal,
  cluster: { readonly name: string; readonly account: string },
): void {
  if (account === cluster.account) return;
  throw new SatelliteError(
    "principal-other-account",
    `${kind} ${arn} is in account ${account}, and cluster ${cluster.name} is in account ${cluster.account}`,
    { hint: `Use a ${kind} of account ${cluster.account}; --create-role makes one that ${arn} may assume.` },
  );
}

function readPrincipal(arn: string): Principal | undefined {
  const [, partition, account, kind, path, name] = IAM_ARN.exec(arn) ?? [];
  if (partition === undefined || account === undefined || path === undefined || name === undefined) return undefined;
  return { kind: kind === "user" ? "user" : "role", arn, partition, account, path, name };
}

function readSession(arn: string): Principal | undefined {
  const [, partition, account, name] = SESSION_ARN.exec(arn) ?? [];
  if (partition === undefined || account === undefined || name === undefined) return undefined;
  return { kind: "role", arn: `arn:${partition}:iam::${account}:role/${name}`, partition, account, path: "/", name };
}

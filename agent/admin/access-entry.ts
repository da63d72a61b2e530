// Access entries of EKS: a role that is to be a node has one of type HYBRID_LINUX, which gives each session the name of its node.
import { hasCode, SatelliteError } from "../errors.ts";
import type { AccessEntry, AdminAws } from "../host/admin-aws.ts";
import type { Clock } from "../host/host.ts";
import { callAws } from "./aws-call.ts";
import { type Change, diffOf, pretty } from "./change.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import type { Principal } from "./principal.ts";

const ENTRY_TYPE = "HYBRID_LINUX";
/** The only other type that maps a role to system:node:{{SessionName}}; such an entry is a Fargate profile's. */
const FARGATE_TYPE = "FARGATE_LINUX";
/** How long EKS may take to learn from IAM of a role that was created a moment ago. */
const NEW_ROLE_ATTEMPTS = 15;
const NEW_ROLE_WAIT_MILLISECONDS = 2000;

/** The entry of a role. @throws aws-forbidden */
export function findEntry(aws: AdminAws, access: ClusterAccess, role: Principal): Promise<AccessEntry | undefined> {
  return ask(access, "eks:DescribeAccessEntry", role, () => aws.findAccessEntry(access.name, role.arn));
}

/** Whether an entry lets the role be a node. @throws entry-differs when it gives another kind of access */
export function letsNodesIn(entry: AccessEntry, { name, region }: ClusterAccess): boolean {
  if (entry.type === ENTRY_TYPE || entry.type === FARGATE_TYPE) return true;
  throw new SatelliteError(
    "entry-differs",
    `${entry.principalArn} has an access entry of type ${entry.type}, as ${JSON.stringify(entry.username)}`,
    {
      hint: `EKS cannot change an entry's type, and another user may need that access: use another role for nodes, or, when it is unused, aws eks delete-access-entry --cluster-name ${name} --region ${region} --principal-arn ${entry.principalArn}.`,
    },
  );
}

/** @param isNew whether the role was created a moment ago */
export function planEntry(
  { aws, access, clock }: { aws: AdminAws; access: ClusterAccess; clock: Clock },
  role: Principal,
  isNew: boolean,
): Change {
  const create = () =>
    ask(access, "eks:CreateAccessEntry", role, () => aws.createAccessEntry(access.name, role.arn, ENTRY_TYPE));
  const target = `access entry of ${role.arn}`;
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, describeEntry(role.arn, ENTRY_TYPE)),
    apply: (print) => (isNew ? retryWhileUnknown(create, clock, print) : create()),
    undo: () => ask(access, "eks:DeleteAccessEntry", role, () => aws.deleteAccessEntry(access.name, role.arn)),
  };
}

/** Deletes the entry. @throws entry-differs when it is not of our type */
export function planEntryRemoval(
  { aws, access, role }: { aws: AdminAws; access: ClusterAccess; role: Principal },
  entry: AccessEntry,
): Change {
  if (entry.type !== ENTRY_TYPE) {
    throw new SatelliteError(
      "entry-differs",
      `the access entry of ${entry.principalArn} is of type ${entry.type}, not ${ENTRY_TYPE}`,
      {
        hint: "It was not made by authorize, so it is left alone; --method aws-auth reads and changes aws-auth only.",
      },
    );
  }
  const target = `access entry of ${entry.principalArn}`;
  return {
    target,
    action: "delete",
    diff: diffOf(target, describeEntry(entry.principalArn, entry.type), undefined),
    apply: () =>
      ask(access, "eks:DeleteAccessEntry", role, () => aws.deleteAccessEntry(access.name, entry.principalArn)),
  };
}

/** EKS refuses a principal that it has not learned of yet. */
async function retryWhileUnknown(
  create: () => Promise<void>,
  clock: Clock,
  print: (line: string) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await create();
    } catch (error) {
      if (attempt === NEW_ROLE_ATTEMPTS || !hasCode(error, "aws-refused")) throw error;
      if (attempt === 1) print("EKS does not know the new role yet; asking again");
      await clock.sleep(NEW_ROLE_WAIT_MILLISECONDS);
    }
  }
}

/** Resources follow EKS's Service Authorization Reference: an existing entry has its own ARN, which ends in an id. */
function ask<T>(
  { arn, name, callerArn }: ClusterAccess,
  action: string,
  role: Principal,
  call: () => Promise<T>,
): Promise<T> {
  const entryArn = `${arn.slice(0, arn.indexOf(":cluster/"))}:access-entry/${name}/role/${role.account}/${role.name}/*`;
  return callAws({ action, resource: action === "eks:CreateAccessEntry" ? arn : entryArn, caller: callerArn }, call);
}

function describeEntry(principalArn: string, type: string): string {
  return pretty({ principalArn, type, username: "system:node:{{SessionName}}" });
}

// What aws-auth grants one role or user, and the same ConfigMap with that entry added or removed. Pure: nothing is read or written here.
import { isDeepStrictEqual } from "node:util";
import { SatelliteError } from "../errors.ts";
import { fieldOf, fold } from "./mapping-reader.ts";
import {
  appendMapping,
  lineOf,
  type MappingEntry,
  type MappingList,
  parseMappings,
  removeMapping,
} from "./mapping-text.ts";
import { mappedArn, type Principal } from "./principal.ts";

/** A ConfigMap's `data`; aws-auth has YAML texts in `mapRoles`, `mapUsers` and `mapAccounts`. */
export type AwsAuthData = Readonly<Record<string, string>>;

/** An entry that lets a node in. */
export interface NodeMapping {
  readonly key: "mapRoles" | "mapUsers";
  readonly entry: Readonly<Record<string, string | readonly string[]>>;
}

/** A changed text under one key. */
export interface AwsAuthEdit {
  readonly key: NodeMapping["key"];
  /** Undefined when there was none. */
  readonly before: string | undefined;
  readonly after: string;
}

const ARN_KEYS = { mapRoles: "rolearn", mapUsers: "userarn" } as const;
const NODE_GROUPS = ["system:bootstrappers", "system:nodes"];
/** The API server refuses a larger ConfigMap (core validation, MaxSecretSize). */
const MAX_BYTES = 1024 * 1024;

/** The entry for a role, whose session name is the node's name; or for a user, which can be one node only. */
export function nodeMapping(principal: Principal, nodeName: string | undefined): NodeMapping {
  const arn = mappedArn(principal);
  if (principal.kind === "role") {
    const username = "system:node:{{SessionName}}";
    return { key: "mapRoles", entry: { rolearn: arn, username, groups: NODE_GROUPS } };
  }
  return { key: "mapUsers", entry: { userarn: arn, username: `system:node:${nodeName ?? ""}`, groups: NODE_GROUPS } };
}

/**
 * Adds an entry; undefined when it is there.
 * @param caller the principal that runs this: its own access must not change
 * @throws aws-auth-invalid, aws-auth-uneditable, aws-auth-full, mapping-differs, own-access
 */
export function addMapping(
  data: AwsAuthData,
  mapping: NodeMapping,
  caller: Principal | undefined,
): AwsAuthEdit | undefined {
  const lists = parseLists(data);
  const list = lists[mapping.key];
  if (!isMapped(list, mapping)) {
    const after = appendMapping(list, mapping.key, mapping.entry);
    return checked(data, { key: mapping.key, before: data[mapping.key], after }, caller);
  }
  return undefined;
}

/**
 * Removes every entry that equals this one; undefined when there is none.
 * @throws aws-auth-invalid, aws-auth-uneditable, mapping-differs, own-access
 */
export function removeMappings(
  data: AwsAuthData,
  mapping: NodeMapping,
  caller: Principal | undefined,
): AwsAuthEdit | undefined {
  const { key } = mapping;
  let list = parseLists(data)[key];
  if (!isMapped(list, mapping)) return undefined;
  for (let index = list.entries.findLastIndex(isExactly(mapping)); index >= 0; ) {
    list = parseMappings(removeMapping(list, key, index), key);
    index = list.entries.findLastIndex(isExactly(mapping));
  }
  return checked(data, { key, before: data[key], after: list.text }, caller);
}

/** Whether the entry is there. @throws aws-auth-invalid, mapping-differs when the same principal is mapped to something else */
export function hasMapping(data: AwsAuthData, mapping: NodeMapping): boolean {
  return isMapped(parseLists(data)[mapping.key], mapping);
}

function parseLists(data: AwsAuthData): Readonly<Record<NodeMapping["key"], MappingList>> {
  return {
    mapRoles: parseMappings(data.mapRoles ?? "", "mapRoles"),
    mapUsers: parseMappings(data.mapUsers ?? "", "mapUsers"),
  };
}

/** aws-iam-authenticator takes the last of two entries for a role, and any of two for a user: a second entry would change what the first grants. */
function isMapped(list: MappingList, mapping: NodeMapping): boolean {
  const arn = arnOf(mapping.entry, mapping.key);
  const own = list.entries.flatMap((entry, index) => (arnOf(entry, mapping.key) === arn ? [{ entry, index }] : []));
  const other = own.find(({ entry }) => !isExactly(mapping)(entry));
  if (other === undefined) return own.length > 0;
  const [username, groups] = ["username", "groups"].map((field) => fieldOf(other.entry, field));
  throw new SatelliteError(
    "mapping-differs",
    `aws-auth already maps ${arn} to something else: line ${lineOf(list, other.index)} of ${mapping.key}, to ${JSON.stringify(username)} in ${JSON.stringify(groups)}`,
    {
      hint: "Another user may need that entry, so it is left alone. Use another role or user for nodes, or remove the entry yourself when it is unused.",
    },
  );
}

function isExactly({ entry: wanted }: NodeMapping): (entry: MappingEntry) => boolean {
  const inOrder = ({ groups, ...others }: MappingEntry) => ({
    ...others,
    groups: Array.isArray(groups) ? groups.toSorted() : groups,
  });
  return (entry) => isDeepStrictEqual(inOrder(entry), inOrder(wanted));
}

/** Keys and ARNs are compared as aws-iam-authenticator does: without regard to case. */
function arnOf(entry: MappingEntry, key: NodeMapping["key"]): string | undefined {
  const arn = fieldOf(entry, ARN_KEYS[key]);
  return typeof arn === "string" ? fold(arn) : undefined;
}

/** Checks an edit before it is sent: it must not change the caller's own access, and must fit into a ConfigMap. */
function checked(data: AwsAuthData, edit: AwsAuthEdit, caller: Principal | undefined): AwsAuthEdit {
  const changed = { ...data, [edit.key]: edit.after };
  if (caller !== undefined && !isDeepStrictEqual(accessOf(caller, data), accessOf(caller, changed))) {
    throw new SatelliteError(
      "own-access",
      `this would change what aws-auth grants ${caller.arn}, which is your own identity here`,
      {
        hint: "Another administrator of the cluster must do it.",
      },
    );
  }
  const bytes = Object.values(changed).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_BYTES && edit.after.length > (edit.before?.length ?? 0)) {
    throw new SatelliteError(
      "aws-auth-full",
      `aws-auth would have ${bytes} bytes, and a ConfigMap holds at most ${MAX_BYTES}`,
      {
        hint: "Remove unused entries, or move roles to access entries (aws eks create-access-entry).",
      },
    );
  }
  return edit;
}

function accessOf(caller: Principal, data: AwsAuthData): MappingEntry | undefined {
  const key = caller.kind === "role" ? "mapRoles" : "mapUsers";
  const arn = fold(mappedArn(caller));
  return parseLists(data)[key].entries.findLast((entry) => arnOf(entry, key) === arn);
}

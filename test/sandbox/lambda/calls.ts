// The calls of the sandbox's Lambda: of an account and a request, the account after it and the answer.
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { REQUESTS } from "../../../agent/admin/lambda/shapes.ts";
import { isThere, type LambdaAccount, type LambdaMachine, withMachine } from "./account.ts";
import { showFileSystem, showMachine, showRegion, showTypes } from "./answers.ts";
import { parseBody } from "./body.ts";
import { images, regions } from "./catalogue.ts";
import { firewallCalls } from "./firewall-calls.ts";
import { launchMachine } from "./launch.ts";
import { doesNotExist, invalid, notFound, Refusal } from "./refusal.ts";
import type { LambdaSettings } from "./settings.ts";

export interface Call {
  readonly account: LambdaAccount;
  readonly settings: LambdaSettings;
  readonly capacity: Readonly<Record<string, readonly string[]>>;
  readonly nowMs: number;
  /** What stands in the path for `{id}`. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** What a call leaves and answers. @throws Refusal */
export type Handler = (call: Call) => { readonly account?: LambdaAccount; readonly data: unknown };

/** By method and path below /api/v1. */
export const CALLS: Readonly<Record<string, Handler>> = {
  "GET /instance-types": ({ capacity }) => ({ data: showTypes(capacity) }),
  "GET /regions": () => ({ data: regions }),
  "GET /images": () => ({ data: images }),
  "GET /instances": (call) => ({ data: shownMachines(call).map((machine) => show(call, machine)) }),
  "GET /instances/{id}": (call) => ({ data: show(call, findMachine(call, call.id)) }),
  "POST /instances/{id}": renameMachine,
  "POST /instance-operations/launch": launch,
  "POST /instance-operations/restart": restart,
  "POST /instance-operations/terminate": terminate,
  "GET /ssh-keys": ({ account }) => ({ data: account.sshKeys }),
  "POST /ssh-keys": addSshKey,
  "DELETE /ssh-keys/{id}": deleteSshKey,
  "GET /file-systems": ({ account }) => ({ data: account.fileSystems.map((one) => showFileSystem(account, one)) }),
  "POST /filesystems": addFileSystem,
  "DELETE /filesystems/{id}": deleteFileSystem,
  ...firewallCalls,
};

function show({ account, settings }: Call, machine: LambdaMachine) {
  return showMachine(account, machine, settings);
}

function shownMachines({ account, settings, query }: Call): readonly LambdaMachine[] {
  // No machine is part of a cluster of Lambda's.
  if (query.has("cluster_id")) return [];
  return settings.hidesTerminated === true ? account.machines.filter(isThere) : account.machines;
}

function findMachine(call: Call, id: string): LambdaMachine {
  const found = shownMachines(call).find((machine) => machine.id === id);
  if (found === undefined) throw notFound("instance", id);
  return found;
}

function renameMachine(call: Call) {
  const { name } = parseBody(z.strictObject({ name: z.string().min(1).max(64) }), call.body);
  const { id } = findMachine(call, call.id);
  const account = withMachine(call.account, id, { name }, call.nowMs);
  const renamed = account.machines.find((machine) => machine.id === id) as LambdaMachine;
  return { account, data: showMachine(account, renamed, call.settings) };
}

function launch({ account, settings, capacity, nowMs, body }: Call) {
  const wanted = parseBody(REQUESTS["POST /instance-operations/launch"], body);
  const machine = launchMachine(account, wanted, {
    capacity,
    nowMs,
    isIdle: settings.launchesIdle === true,
    ...(settings.quota === undefined ? {} : { quota: settings.quota }),
  });
  return {
    account: { ...account, machines: [...account.machines, machine] },
    data: { instance_ids: [machine.id] },
  };
}

function restart(call: Call) {
  const { instance_ids: ids } = parseBody(REQUESTS["POST /instance-operations/restart"], call.body);
  for (const { status, id } of ids.map((wanted) => findMachine(call, wanted)))
    if (status !== "active" && status !== "unhealthy")
      throw new Refusal(409, "global/conflict", `${id} is ${status}, and cannot be restarted`);
  const account = changeAll(call, ids, { status: "booting", isRestarting: true });
  return { account, data: { restarted_instances: showAll({ ...call, account }, ids) } };
}

function terminate(call: Call) {
  const { instance_ids: ids } = parseBody(REQUESTS["POST /instance-operations/terminate"], call.body);
  const going = ids.filter((id) => isThere(findMachine(call, id)));
  const account = changeAll(call, going, { status: "terminating" });
  return { account, data: { terminated_instances: showAll({ ...call, account }, ids) } };
}

function changeAll({ account, nowMs }: Call, ids: readonly string[], change: Partial<LambdaMachine>): LambdaAccount {
  return ids.reduce((changed, id) => withMachine(changed, id, change, nowMs), account);
}

function showAll(call: Call, ids: readonly string[]) {
  return ids.map((id) => show(call, findMachine(call, id)));
}

/** Without a public key Lambda makes a pair; no client of this project asks for that. */
function addSshKey({ account, body }: Call) {
  const { name, public_key } = parseBody(REQUESTS["POST /ssh-keys"], body);
  if (public_key === undefined) throw invalid("public_key: this Lambda makes no pairs");
  if (!/^(ssh-|ecdsa-)[a-z0-9-]+ [A-Za-z0-9+/=]+( .*)?$/.test(public_key.trim()))
    throw invalid("public_key: it is no public key of OpenSSH");
  if (account.sshKeys.some((key) => key.name === name))
    throw new Refusal(400, "global/duplicate", `there is an SSH key ${name} already`);
  const key = { id: newId(), name, public_key };
  return { account: { ...account, sshKeys: [...account.sshKeys, key] }, data: key };
}

function deleteSshKey({ account, id }: Call) {
  if (!account.sshKeys.some((key) => key.id === id)) throw notFound("SSH key", id);
  return { account: { ...account, sshKeys: account.sshKeys.filter((key) => key.id !== id) }, data: {} };
}

function addFileSystem({ account, body, nowMs }: Call) {
  const shape = z.strictObject({ name: z.string().regex(/^[a-zA-Z][0-9a-zA-Z-]{0,59}$/), region: z.string() });
  const { name, region } = parseBody(shape, body);
  if (!regions.some((known) => known.name === region)) throw doesNotExist("region", region);
  if (account.fileSystems.some((one) => one.name === name))
    throw new Refusal(400, "global/duplicate", `there is a file system ${name} already`);
  const made = { id: newId(), name, region, created: new Date(nowMs).toISOString() };
  const after = { ...account, fileSystems: [...account.fileSystems, made] };
  return { account: after, data: { ...showFileSystem(after, made), region: showRegion(region) } };
}

function deleteFileSystem({ account, id }: Call) {
  const found = account.fileSystems.find((one) => one.id === id);
  if (found === undefined) throw notFound("file system", id);
  if (showFileSystem(account, found).is_in_use)
    throw new Refusal(400, "filesystems/filesystem-in-use", `file system ${found.name} is in use`);
  const fileSystems = account.fileSystems.filter((one) => one !== found);
  return { account: { ...account, fileSystems }, data: { deleted_ids: [id] } };
}

export function newId(): string {
  return randomUUID().replaceAll("-", "");
}

// What is otherwise at the sandbox's Lambda than on a good day: faults and switches, in a file that it reads at each request.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, writeAtomic } from "../state.ts";
import { lambdaFolder } from "./account.ts";

/** What happens to a request in place of its answer. */
export const faultKinds = [
  "answer-lost",
  "html-502",
  "provider-unavailable",
  "too-many-requests",
  "capacity-gone",
  "key-revoked",
  "silent",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface LambdaFault {
  readonly kind: FaultKind;
  /** Method and path below /api/v1, such as "POST /instance-operations/launch"; without it, of every request. */
  readonly on?: string;
  /** How many requests more; without it, all. */
  readonly times?: number;
  /** The request has its effect all the same, as with answer-lost. */
  readonly isDone?: boolean;
  /** Seconds for the header Retry-After of too-many-requests; without it, there is no header. */
  readonly retryAfter?: number;
}

/** The empty object is a good day. */
export interface LambdaSettings {
  readonly faults?: readonly LambdaFault[];
  /** Regions in which a type is to be had, in place of the catalogue's. */
  readonly capacity?: Readonly<Record<string, readonly string[]>>;
  /** How many machines the account may have, 5 by default. */
  readonly quota?: number;
  /** What a machine of this name says that it is, such as a status of tomorrow. */
  readonly statuses?: Readonly<Record<string, string>>;
  /** Machines have no private_ip. */
  readonly hidesPrivateAddress?: boolean;
  /** A terminated machine is in no list. */
  readonly hidesTerminated?: boolean;
  /** Names of machines that are taken away. */
  readonly preempts?: readonly string[];
  /** Machines that are launched now never run: they become active, and cost. */
  readonly launchesIdle?: boolean;
}

/** Faults for one request, and what is left of them for the next. */
export function takeFault(
  settings: LambdaSettings,
  request: string,
): { readonly fault?: LambdaFault; readonly rest: LambdaSettings } {
  const { faults = [] } = settings;
  const fault = faults.find(({ on }) => on === undefined || on === request);
  if (fault === undefined) return { rest: settings };
  if (fault.times === undefined) return { fault, rest: settings };
  const others = faults.filter((other) => other !== fault);
  const remaining = fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : [];
  return { fault, rest: { ...settings, faults: [...remaining, ...others] } };
}

export async function readSettings(folder: string): Promise<LambdaSettings> {
  try {
    return JSON.parse(await readFile(settingsPath(folder), "utf8"));
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}

export async function writeSettings(folder: string, settings: LambdaSettings): Promise<void> {
  await mkdir(lambdaFolder(folder), { recursive: true, mode: 0o700 });
  await writeAtomic(settingsPath(folder), `${JSON.stringify(settings, null, 2)}\n`);
}

export async function changeSettings(
  folder: string,
  change: (settings: LambdaSettings) => LambdaSettings,
): Promise<void> {
  await writeSettings(folder, change(await readSettings(folder)));
}

function settingsPath(folder: string): string {
  return join(lambdaFolder(folder), "settings.json");
}

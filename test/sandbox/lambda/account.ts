// The account at the sandbox's Lambda: everything that it knows, and the file in which it lasts.
import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing, writeAtomic } from "../state.ts";

export type MachineStatus = "booting" | "active" | "unhealthy" | "terminating" | "terminated" | "preempted";

export interface FirewallRule {
  readonly protocol: "tcp" | "udp" | "icmp" | "all";
  readonly port_range?: readonly [number, number];
  readonly source_network: string;
  readonly description: string;
}

export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly created: string;
  readonly rules: readonly FirewallRule[];
}

export interface SshKey {
  readonly id: string;
  readonly name: string;
  readonly public_key: string;
}

export interface FileSystem {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly created: string;
}

/** One machine that was rented. */
export interface LambdaMachine {
  readonly id: string;
  readonly name?: string;
  readonly hostname: string;
  readonly status: MachineStatus;
  readonly region: string;
  readonly type: string;
  readonly sshKey: string;
  readonly fileSystems: readonly { readonly id: string; readonly mountPoint: string }[];
  readonly rulesets: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly userData: string;
  readonly address?: string;
  readonly privateAddress?: string;
  /** It is none of the sandbox's containers: it becomes active, costs, and does nothing. */
  readonly isIdle: boolean;
  /** A restart was asked for, and has not begun. */
  readonly isRestarting: boolean;
  /** Moment of its last change of status, in milliseconds. */
  readonly changedAtMs: number;
}

export interface LambdaAccount {
  readonly key: string;
  readonly machines: readonly LambdaMachine[];
  readonly sshKeys: readonly SshKey[];
  readonly fileSystems: readonly FileSystem[];
  readonly rulesets: readonly Ruleset[];
  /** Rules of every machine. */
  readonly rules: readonly FirewallRule[];
}

/** By default, ICMP and TCP 22 alone come in. */
const defaultRules: readonly FirewallRule[] = [
  { protocol: "tcp", port_range: [22, 22], source_network: "0.0.0.0/0", description: "SSH" },
  { protocol: "icmp", source_network: "0.0.0.0/0", description: "ping" },
];

/** An account with this key, one SSH key and one file system. */
export function newAccount(key: string, publicKey: string): LambdaAccount {
  return {
    key,
    machines: [],
    sshKeys: [{ id: randomUUID().replaceAll("-", ""), name: "work", public_key: publicKey }],
    fileSystems: [
      { id: randomUUID().replaceAll("-", ""), name: "data", region: "us-west-1", created: "2026-05-01T00:00:00.000Z" },
    ],
    rulesets: [],
    rules: defaultRules,
  };
}

/** Whether a machine still counts: it costs, or is just going. */
export function isThere({ status }: LambdaMachine): boolean {
  return status !== "terminated";
}

/** Replaces one machine's fields; a new status gets the moment of its change. */
export function withMachine(
  account: LambdaAccount,
  id: string,
  change: Partial<LambdaMachine>,
  nowMs: number,
): LambdaAccount {
  const machines = account.machines.map((machine) => {
    if (machine.id !== id) return machine;
    const isChanged = change.status !== undefined && change.status !== machine.status;
    return { ...machine, ...change, ...(isChanged ? { changedAtMs: nowMs } : {}) };
  });
  return { ...account, machines };
}

/** Where the sandbox's Lambda keeps everything. */
export function lambdaFolder(folder: string): string {
  return join(folder, "lambda");
}

/** Where its key lies, for an administrator. */
export function keyFile(folder: string): string {
  return join(lambdaFolder(folder), "key");
}

function accountPath(folder: string): string {
  return join(lambdaFolder(folder), "account.json");
}

/** The account as it lies on disk, undefined where there is none yet. */
export async function readAccount(folder: string): Promise<LambdaAccount | undefined> {
  try {
    return JSON.parse(await readFile(accountPath(folder), "utf8"));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Its user data and its key are secrets: root's alone. */
export async function writeAccount(folder: string, account: LambdaAccount): Promise<void> {
  await mkdir(dirname(accountPath(folder)), { recursive: true, mode: 0o700 });
  await writeAtomic(accountPath(folder), `${JSON.stringify(account, null, 2)}\n`, 0o600);
}

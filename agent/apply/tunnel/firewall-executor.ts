// A chain of the agent's own in a table of iptables. No chain is flushed, and of others' chains only the jump to it is touched.
import type { Host, RunResult } from "../../host/host.ts";
import { optional } from "../../optional.ts";
import { type FirewallResource, renderFirewall } from "../../plan/tunnel/resources.ts";
import type { Executor } from "../executor.ts";
import { compareSparingly } from "./glance.ts";
import { refused, requireTool, runTool } from "./tool.ts";

export type Table = NonNullable<FirewallResource["table"]> | "filter";
const FILTER: Table = "filter";
/** Where there may be a jump. */
const PARENTS: Readonly<Record<Table, readonly string[]>> = { filter: ["INPUT", "FORWARD"], nat: ["POSTROUTING"] };
const WAIT = ["--wait", "5", "--table"];
/** iptables' RESOURCE_PROBLEM (xtables.h): another program holds its lock, or it may not ask. That says nothing of the rules. */
const NOT_ASKED = 4;

export interface FirewallState {
  /** Undefined when there is no such chain. */
  readonly rules: readonly string[] | undefined;
  readonly parents: readonly string[];
}

/** Keeps the chain as planned. */
export const firewallExecutor: Executor<FirewallResource> = {
  diff({ host, glance }, resource) {
    return compareSparingly(glance, resource, async () => {
      const { chain, table } = resource;
      // A jump that is not wanted any more goes with the rules that it was for: they differ then.
      const { rules, parents } = await readFirewallState(host, chain, { table, asked: resource.parents });
      const before =
        rules === undefined ? undefined : renderFirewall({ ...optional({ table }), chain, rules, parents });
      const after = renderFirewall(resource);
      if (before === after) return undefined;
      return { resource, action: before === undefined ? "create" : "update", before, after };
    });
  },

  readOriginal: async () => ({ kind: "absent" }),

  async apply({ host }, { table = FILTER, chain, rules, parents }) {
    const iptables = commandsOf(host, table);
    const present = await readFirewallState(host, chain, { table });
    if (present.rules === undefined) await iptables("--new-chain", chain);
    if (table === "nat") await setInOrder(iptables, chain, { rules, present: present.rules ?? [] });
    else await setInAnyOrder(iptables, chain, { rules, present: present.rules ?? [] });
    for (const parent of PARENTS[table]) {
      if (parents.includes(parent) === present.parents.includes(parent)) continue;
      // First, since a firewall of the machine drops what it does not know. Where another process has moved it, it stays.
      if (parents.includes(parent)) await iptables("--insert", parent, "1", "--jump", chain);
      else await iptables("--delete", parent, "--jump", chain);
    }
  },
};

type Iptables = (...args: readonly string[]) => Promise<string>;

interface Rules {
  readonly rules: readonly string[];
  readonly present: readonly string[];
}

/** What is wanted comes before what is not goes. */
async function setInAnyOrder(iptables: Iptables, chain: string, { rules, present }: Rules): Promise<void> {
  for (const rule of rules) if (!present.includes(rule)) await iptables("--append", chain, ...rule.split(" "));
  for (const rule of present) if (!rules.includes(rule)) await iptables("--delete", chain, ...rule.split(" "));
}

/** The last rule goes first and comes last: at no time is an address translated that an earlier rule keeps. */
async function setInOrder(iptables: Iptables, chain: string, { rules, present }: Rules): Promise<void> {
  if (present.join("\n") === rules.join("\n")) return;
  for (const rule of present.toReversed()) await iptables("--delete", chain, ...rule.split(" "));
  for (const rule of rules) await iptables("--append", chain, ...rule.split(" "));
}

/** Reads the chain, and which of these chains jump to it. @throws tools-missing, tunnel-not-set */
export async function readFirewallState(
  host: Host,
  chain: string,
  { table = FILTER, asked = PARENTS[table] }: { table?: Table | undefined; asked?: readonly string[] } = {},
): Promise<FirewallState> {
  const ask = (...args: readonly string[]) => askTable(host, table, args);
  const { exitCode, stdout } = await ask("--list-rules", chain);
  if (exitCode !== 0) return { rules: undefined, parents: [] };
  const prefix = `-A ${chain} `;
  const rules = stdout
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim());
  const checks = await Promise.all(asked.map((parent) => ask("--check", parent, "--jump", chain)));
  return { rules, parents: asked.filter((_, index) => checks[index]?.exitCode === 0) };
}

async function askTable(host: Host, table: Table, args: readonly string[]): Promise<RunResult> {
  const answer = await runTool(host, "iptables", [...WAIT, table, ...args]);
  if (answer.exitCode === NOT_ASKED) throw refused(`iptables ${args.join(" ")}`, NOT_ASKED, answer.stderr);
  return answer;
}

function commandsOf(host: Host, table: Table): Iptables {
  return (...args) => requireTool(host, "iptables", [...WAIT, table, ...args]);
}

/** Removes the jumps, then the chain; a second call changes nothing. @throws tunnel-not-set */
export async function removeFirewall(host: Host, chain: string, table = FILTER): Promise<void> {
  const { rules, parents } = await readFirewallState(host, chain, { table });
  if (rules === undefined) return;
  const iptables = commandsOf(host, table);
  for (const parent of parents) await iptables("--delete", parent, "--jump", chain);
  for (const rule of rules) await iptables("--delete", chain, ...rule.split(" "));
  await iptables("--delete-chain", chain);
}

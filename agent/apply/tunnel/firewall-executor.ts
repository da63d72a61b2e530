// A chain of the agent's own in iptables' table `filter`. No chain is flushed, and of others' chains only the jump to it is touched.
import type { Host, RunResult } from "../../host/host.ts";
import { type FirewallResource, renderFirewall } from "../../plan/tunnel/resources.ts";
import type { Executor } from "../executor.ts";
import { compareSparingly } from "./glance.ts";
import { refused, requireTool, runTool } from "./tool.ts";

/** Where there may be a jump. */
const PARENTS = ["INPUT", "FORWARD"] as const;
const WAIT = ["--wait", "5", "--table", "filter"];
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
      const { chain } = resource;
      // A jump that is not wanted any more goes with the rules that it was for: they differ then.
      const { rules, parents } = await readFirewallState(host, chain, resource.parents);
      const before = rules === undefined ? undefined : renderFirewall({ chain, rules, parents });
      const after = renderFirewall(resource);
      if (before === after) return undefined;
      return { resource, action: before === undefined ? "create" : "update", before, after };
    });
  },

  readOriginal: async () => ({ kind: "absent" }),

  async apply({ host }, { chain, rules, parents }) {
    const present = await readFirewallState(host, chain);
    if (present.rules === undefined) await iptables(host, "--new-chain", chain);
    for (const rule of rules)
      if (present.rules?.includes(rule) !== true) await iptables(host, "--append", chain, ...rule.split(" "));
    for (const rule of present.rules ?? [])
      if (!rules.includes(rule)) await iptables(host, "--delete", chain, ...rule.split(" "));
    for (const parent of PARENTS) {
      if (parents.includes(parent) === present.parents.includes(parent)) continue;
      // First, since a firewall of the machine drops what it does not know. Where another process has moved it, it stays.
      if (parents.includes(parent)) await iptables(host, "--insert", parent, "1", "--jump", chain);
      else await iptables(host, "--delete", parent, "--jump", chain);
    }
  },
};

/** Reads the chain, and which of these chains jump to it. @throws tools-missing, tunnel-not-set */
export async function readFirewallState(
  host: Host,
  chain: string,
  asked: readonly string[] = PARENTS,
): Promise<FirewallState> {
  const { exitCode, stdout } = await ask(host, "--list-rules", chain);
  if (exitCode !== 0) return { rules: undefined, parents: [] };
  const prefix = `-A ${chain} `;
  const rules = stdout
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim());
  const checks = await Promise.all(asked.map((parent) => ask(host, "--check", parent, "--jump", chain)));
  return { rules, parents: asked.filter((_, index) => checks[index]?.exitCode === 0) };
}

async function ask(host: Host, ...args: readonly string[]): Promise<RunResult> {
  const answer = await runTool(host, "iptables", [...WAIT, ...args]);
  if (answer.exitCode === NOT_ASKED) throw refused(`iptables ${args.join(" ")}`, NOT_ASKED, answer.stderr);
  return answer;
}

function iptables(host: Host, ...args: readonly string[]): Promise<string> {
  return requireTool(host, "iptables", [...WAIT, ...args]);
}

/** Removes the jumps, then the chain; a second call changes nothing. @throws tunnel-not-set */
export async function removeFirewall(host: Host, chain: string): Promise<void> {
  const { rules, parents } = await readFirewallState(host, chain);
  if (rules === undefined) return;
  for (const parent of parents) await iptables(host, "--delete", parent, "--jump", chain);
  for (const rule of rules) await iptables(host, "--delete", chain, ...rule.split(" "));
  await iptables(host, "--delete-chain", chain);
}

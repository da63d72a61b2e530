// Lambda's firewall in front of the machine: what comes in from the internet, on the public address that is the machine's alone.
import type { Addresses } from "../addresses.ts";
import { execIn } from "../links.ts";
import type { VpcAddresses } from "../vpc/addresses.ts";
import { lanBridge, wanLink } from "../vpc/topology.ts";
import { type FirewallRule, isThere, type LambdaAccount } from "./account.ts";
import { unfilteredRegion } from "./catalogue.ts";

/** A chain of its own in each table: `up` replaces the NAT's, and this one is joined to them again. */
const CHAIN = "LAMBDA";

/** Rules of the one machine that runs, in iptables-restore's words. */
export function renderFilter(account: LambdaAccount, node: string): string {
  const machine = account.machines.find((one) => isThere(one) && !one.isIdle);
  const rules = machine === undefined ? [] : [...account.rules, ...rulesOf(account, machine.rulesets)];
  const accepted = machine?.region === unfilteredRegion ? [`-A ${CHAIN} -j ACCEPT`] : rules.map(renderRule);
  return [
    "*nat",
    `:${CHAIN} - [0:0]`,
    ...(machine === undefined ? [] : [`-A ${CHAIN} -m addrtype --dst-type LOCAL -j DNAT --to-destination ${node}`]),
    "COMMIT",
    "*filter",
    `:${CHAIN} - [0:0]`,
    ...accepted,
    "COMMIT",
    "",
  ].join("\n");
}

function rulesOf({ rulesets }: LambdaAccount, ids: readonly string[]): readonly FirewallRule[] {
  return rulesets.filter(({ id }) => ids.includes(id)).flatMap(({ rules }) => rules);
}

function renderRule({ protocol, port_range, source_network }: FirewallRule): string {
  const ports = protocol === "all" || port_range === undefined ? "" : ` --dport ${port_range.join(":")}`;
  return `-A ${CHAIN} -s ${source_network} -p ${protocol}${ports} -j ACCEPT`;
}

/** Puts the rules in force, whatever of them is there. */
export async function applyFilter({ vpc, node }: Addresses, account: LambdaAccount): Promise<void> {
  const { natNamespace } = vpc as VpcAddresses;
  await execIn(natNamespace, ["iptables-restore", "--noflush"], renderFilter(account, node));
  await ensureJump(natNamespace, ["PREROUTING", "--table", "nat", "--in-interface", wanLink]);
  await ensureJump(natNamespace, ["FORWARD", "--in-interface", wanLink, "--out-interface", lanBridge]);
}

async function ensureJump(namespace: string, match: readonly string[]): Promise<void> {
  const rule = [...match, "--jump", CHAIN];
  const isThere = await execIn(namespace, ["iptables", "--check", ...rule]).then(
    () => true,
    () => false,
  );
  if (!isThere) await execIn(namespace, ["iptables", "--append", ...rule]);
}

/** What was let in stays open for the NAT until it forgets it. */
export async function forgetConnections({ vpc }: Addresses): Promise<void> {
  await execIn((vpc as VpcAddresses).natNamespace, ["conntrack", "--flush"]);
}

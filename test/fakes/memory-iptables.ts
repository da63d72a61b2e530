// iptables of one table in memory: chains with their rules, as --list-rules prints them.

export function askIptables(chains: Map<string, string[]>, [verb, chain = "", ...rest]: readonly string[]) {
  const rules = chains.get(chain);
  if (verb === "--new-chain") chains.set(chain, []);
  else if (rules === undefined) return { exitCode: 1, stderr: "iptables: No chain/target/match by that name." };
  else if (verb === "--list-rules")
    return { stdout: [`-N ${chain}`, ...rules.map((rule) => `-A ${chain} ${rule}`), ""].join("\n") };
  else if (verb === "--delete-chain") chains.delete(chain);
  else return changeRule(verb, rules, rest.join(" ").replace("--jump", "-j"));
  return {};
}

function changeRule(verb: string | undefined, rules: string[], rule: string) {
  if (verb === "--check") return { exitCode: rules.includes(rule) ? 0 : 1 };
  if (verb === "--append") rules.push(rule);
  else if (verb === "--insert") rules.unshift(rule.replace(/^1 /, ""));
  else rules.splice(rules.indexOf(rule), 1);
  return {};
}

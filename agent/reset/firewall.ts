// The chains that kubelet itself puts into iptables (pkg/kubelet/kubelet_network_linux.go). kube-proxy's chains stay.
import type { Host } from "../host/host.ts";

const CHAINS = ["KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT"];
const TABLES = ["mangle", "nat", "filter"];

interface Rule {
  readonly program: string;
  readonly table: string;
  /** As iptables-save prints it: `-A INPUT -j KUBE-FIREWALL`, or `:KUBE-FIREWALL - [0:0]`. */
  readonly line: string;
}

/** kubelet's chains and the rules that jump to them; none without iptables. */
export async function listKubeletRules(host: Host): Promise<readonly Rule[]> {
  const found: Rule[] = [];
  for (const program of ["iptables", "ip6tables"]) {
    for (const table of TABLES) {
      const { stdout } = await host
        .run(`${program}-save`, ["--table", table], { timeoutSeconds: 10 })
        .catch(() => ({ stdout: "" })); // No iptables, or no such table: no rules.
      for (const line of stdout.split("\n"))
        if (CHAINS.some((chain) => new RegExp(`(^:|-j )${chain}\\b`).test(line))) found.push({ program, table, line });
    }
  }
  return found;
}

/** Removes them: first the rules that jump to a chain, then the chain. */
export async function removeKubeletRules(host: Host): Promise<void> {
  const rules = await listKubeletRules(host);
  const iptables = ({ program, table }: Rule, ...args: readonly string[]) =>
    host.run(program, ["--wait", "10", "--table", table, ...args], { timeoutSeconds: 20 });
  for (const rule of rules) {
    const [, chain, target] = /^-A (\S+) -j (\S+)$/.exec(rule.line) ?? [];
    if (chain !== undefined && target !== undefined) await iptables(rule, "--delete", chain, "--jump", target);
  }
  for (const rule of rules) {
    const chain = /^:(\S+)/.exec(rule.line)?.[1];
    if (chain === undefined) continue;
    await iptables(rule, "--flush", chain);
    await iptables(rule, "--delete-chain", chain);
  }
}

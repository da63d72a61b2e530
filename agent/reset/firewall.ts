// What kubelet and kube-proxy put into the kernel's packet filter, and what a node that is none any more has no use for:
// chains of iptables (pkg/kubelet/kubelet_network_linux.go, pkg/proxy/iptables), tables of nftables (pkg/proxy/nftables), one setting.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

/** kubelet's, then kube-proxy's: those with a name of their own, and those of a Service, an endpoint, a load balancer each. */
const CHAIN =
  /^KUBE-(?:FIREWALL|KUBELET-CANARY|IPTABLES-HINT|MARK-DROP|MARK-MASQ|POSTROUTING|PROXY-CANARY|PROXY-FIREWALL|SERVICES|EXTERNAL-SERVICES|NODEPORTS|FORWARD|(?:SVC|SVL|SEP|EXT|FW|XLB)-[A-Z0-9]{16})$/;
const TABLES = ["mangle", "nat", "filter"];
const NFT_TABLES = ["ip kube-proxy", "ip6 kube-proxy"];
/** kube-proxy sets it for node ports on the loopback interface, and guards it with KUBE-FIREWALL, which goes. */
const ROUTE_LOCALNET = "/proc/sys/net/ipv4/conf/all/route_localnet";
const TIMEOUT_SECONDS = 30;
const SHOWN_CHAINS = 3;

/** What is there of one table. */
export interface TableRules {
  readonly program: "iptables" | "ip6tables";
  readonly table: string;
  readonly chains: readonly string[];
  /** Rules of other chains that lead to them, as iptables-save prints them: `-A INPUT -j KUBE-FIREWALL`. */
  readonly jumps: readonly string[];
}

/** One line for each thing that {@link removeKubernetesRules} would remove. */
export async function listKubernetesRules(host: Host): Promise<readonly string[]> {
  const tables = await readTables(host);
  return [
    ...((await isLocalnetRouted(host, tables)) ? [`${ROUTE_LOCALNET}: 0, as kube-proxy set it to 1`] : []),
    ...tables.flatMap(({ program, table, chains, jumps }) => [
      ...jumps.map((jump) => `${program} ${table}: ${jump}`),
      `${program} ${table}: ${describeChains(chains)}`,
    ]),
    ...(await listNftTables(host)).map((table) => `nft: table ${table}`),
  ];
}

/** Removes them, each table as a whole or not at all. @throws firewall-unchanged */
export async function removeKubernetesRules(host: Host): Promise<void> {
  const tables = await readTables(host);
  if (await isLocalnetRouted(host, tables)) await host.files.writeInPlace(ROUTE_LOCALNET, "0");
  for (const table of tables) await removeTable(host, table);
  for (const table of await listNftTables(host)) await mustRun(host, "nft", ["delete", "table", ...table.split(" ")]);
}

async function readTables(host: Host): Promise<readonly TableRules[]> {
  const found: TableRules[] = [];
  for (const program of ["iptables", "ip6tables"] as const)
    for (const table of TABLES) {
      const { stdout } = await host
        .run(`${program}-save`, ["--table", table], { timeoutSeconds: TIMEOUT_SECONDS })
        .catch(() => ({ stdout: "" })); // No iptables, or no such table: no rules.
      const rules = parseTable(stdout.split("\n"));
      if (rules.chains.length > 0) found.push({ program, table, ...rules });
    }
  return found;
}

function parseTable(lines: readonly string[]): Pick<TableRules, "chains" | "jumps"> {
  const chains = lines.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []).filter((chain) => CHAIN.test(chain));
  const jumps = lines.filter((line) => {
    // Chains take no options, so a jump to one ends the line; a comment would end with its quote.
    const [, chain = "", target = ""] = /^-A (\S+)(?: .*)? -[jg] (\S+)$/.exec(line) ?? [];
    return !CHAIN.test(chain) && CHAIN.test(target);
  });
  return { chains, jumps };
}

/** A Service has several chains: a process for each would take minutes in a large cluster. @throws firewall-unchanged */
export async function removeTable(host: Host, { program, table, chains, jumps }: TableRules): Promise<void> {
  const lines = [
    `*${table}`,
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...jumps.map((jump) => jump.replace("-A", "-D")),
    ...chains.map((chain) => `-X ${chain}`),
    "COMMIT",
  ];
  const folder = await host.files.makeTemporaryFolder("/run");
  try {
    const file = `${folder}/rules`;
    await host.files.write(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    await mustRun(host, `${program}-restore`, ["--noflush", "--wait", "10", file]);
  } finally {
    await host.files.removeTree(folder);
  }
}

async function listNftTables(host: Host): Promise<readonly string[]> {
  const { stdout } = await host
    .run("nft", ["list", "tables"], { timeoutSeconds: TIMEOUT_SECONDS })
    .catch(() => ({ stdout: "" })); // kube-proxy brings its own nft: without one here they go at the next boot.
  return NFT_TABLES.filter((table) => stdout.split("\n").includes(`table ${table}`));
}

/** Only where kube-proxy has been: another program may want it. */
async function isLocalnetRouted(host: Host, tables: readonly TableRules[]): Promise<boolean> {
  if (!tables.some(({ chains }) => chains.includes("KUBE-SERVICES"))) return false;
  return (await host.files.read(ROUTE_LOCALNET))?.trim() === "1";
}

function describeChains(chains: readonly string[]): string {
  const shown = chains.slice(0, SHOWN_CHAINS).join(", ");
  const more = chains.length - SHOWN_CHAINS;
  return `chains ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

async function mustRun(host: Host, program: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(program, args, { timeoutSeconds: TIMEOUT_SECONDS });
  if (exitCode === 0) return;
  throw new SatelliteError("firewall-unchanged", `${program} has removed nothing: ${stderr.trim().slice(0, 300)}`, {
    hint: "iptables-save | grep KUBE- shows what is left; a reboot removes it.",
  });
}

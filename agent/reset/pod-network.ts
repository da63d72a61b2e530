// What pods with addresses leave behind: host-local's record of addresses, links of pods that ended badly, and portmap's empty chains.
import * as z from "zod";
import { PATHS, POD_ADDRESSES_FOLDER } from "../config/paths.ts";
import { isInNetworks } from "../facts/remote-network.ts";
import { parseJson } from "../foreign-text.ts";
import type { Host } from "../host/host.ts";
import { POD_NETWORK } from "../tunnel/names.ts";
import { removeTable, type TableRules } from "./firewall.ts";
import { removeTree } from "./mounts.ts";
import type { Step, StepOptions } from "./step.ts";

/** What libcni remembers of each pod until it is gone (libcni, cacheDir). */
const RESULTS = "/var/lib/cni/results";
const TIMEOUT_SECONDS = 30;
/** portmap's own chains (plugins/meta/portmap): they stay when the last host port goes. */
const PORT_CHAIN = /^CNI-(?:HOSTPORT-(?:DNAT|SETMARK|MASQ)|DN-[0-9a-f]{1,32})$/;

/** After the pods have ended, and before their configuration goes: it says whose links are a pod's. */
export function podNetworkStep({ host }: StepOptions): Step {
  const find = async () => {
    const records = await findRecords(host);
    const isOurs = records.length > 0 || (await host.files.status(PATHS.podConfig)) !== undefined;
    return { records, links: isOurs ? await findLinks(host) : [], chains: isOurs ? await findChains(host) : undefined };
  };
  return {
    name: "remove what pods with addresses have left",
    list: async () => {
      const { records, links, chains } = await find();
      return [
        ...records.map((path) => `remove ${path}`),
        ...links.map((link) => `remove the link ${link} of a pod that is gone`),
        ...(chains === undefined ? [] : [`remove the empty chains of host ports: ${chains.chains.join(", ")}`]),
      ];
    },
    run: async () => {
      const { records, links, chains } = await find();
      for (const link of links)
        await host.run("ip", ["link", "delete", "dev", link], { timeoutSeconds: TIMEOUT_SECONDS });
      if (chains !== undefined) await removeTable(host, chains);
      for (const path of records) await removeTree(host, path);
      return [];
    },
  };
}

async function findRecords({ files }: Host): Promise<readonly string[]> {
  const results = (await files.list(RESULTS)).filter((name) => name.startsWith(`${POD_NETWORK}-`));
  const isThere = (await files.status(POD_ADDRESSES_FOLDER)) !== undefined;
  return [...(isThere ? [POD_ADDRESSES_FOLDER] : []), ...results.map((name) => `${RESULTS}/${name}`)];
}

const conflistSchema = z.object({
  plugins: z.array(
    z.object({ ipam: z.object({ ranges: z.array(z.array(z.object({ subnet: z.string() }))) }).optional() }),
  ),
});
const routesSchema = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));

/** The node's ends of links that lead to an address of a pod. */
async function findLinks(host: Host): Promise<readonly string[]> {
  const conflist = conflistSchema.safeParse(parseJson((await host.files.read(PATHS.podConfig)) ?? ""));
  const networks = (conflist.data?.plugins ?? []).flatMap(
    ({ ipam }) => ipam?.ranges.flat().map(({ subnet }) => subnet) ?? [],
  );
  const text = await readOutput(host, "ip", ["-json", "-4", "route", "show", "table", "main"]);
  const routes = routesSchema.safeParse(parseJson(text)).data ?? [];
  const links = routes.flatMap(({ dst, dev = "" }) =>
    /^veth[0-9a-f]{8}$/.test(dev) && !dst.includes("/") && isInNetworks(dst, networks) ? [dev] : [],
  );
  return [...new Set(links)];
}

/** Undefined where there are none, or where another program's containers have host ports. */
async function findChains(host: Host): Promise<TableRules | undefined> {
  const lines = (await readOutput(host, "iptables-save", ["--table", "nat"])).split("\n");
  const chains = lines.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []).filter((chain) => PORT_CHAIN.test(chain));
  if (chains.length === 0 || lines.some((line) => line.startsWith("-A CNI-HOSTPORT-DNAT "))) return undefined;
  const jumps = lines.filter((line) => {
    const [, chain = "", target = ""] = /^-A (\S+) .*-j (\S+)$/.exec(line) ?? [];
    return !PORT_CHAIN.test(chain) && PORT_CHAIN.test(target);
  });
  return { program: "iptables", table: "nat", chains, jumps };
}

/** Empty where the program is missing: then it has set nothing. */
async function readOutput(host: Host, program: string, args: readonly string[]): Promise<string> {
  const answer = await host.run(program, args, { timeoutSeconds: TIMEOUT_SECONDS }).catch(() => undefined);
  return answer?.stdout ?? "";
}

// What the start of a pod with an address needs of the machine, read without starting a pod.
import { runTool } from "../../apply/tunnel/tool.ts";
import { PATHS } from "../../config/paths.ts";
import type { Host } from "../../host/host.ts";
import { POD_PLUGINS } from "../../plan/pods/conflist.ts";
import { FIREWALL_CHAIN } from "../../tunnel/names.ts";
import { countPodAddresses } from "./pod-addresses.ts";

const IP_FORWARD = "/proc/sys/net/ipv4/ip_forward";
/** What libcni takes for a configuration (ConfFiles). */
const CONFIG_NAME = /\.(?:conf|conflist|json)$/;

/** What the packet filter does with what passes through the machine. */
export interface ForwardState {
  /** Whether FORWARD leads to the agent's chain, and POSTROUTING to that of table nat. */
  readonly hasFilterJump: boolean;
  readonly hasNatJump: boolean;
  /** A rule before that jump which drops whatever comes, as `iptables -S` prints it. */
  readonly dropsBefore: string | undefined;
}

export interface PodNetworkObservation {
  /** Plugins that are in none of the folders. */
  readonly missingPlugins: readonly string[];
  /** Where containerd looks for them. */
  readonly folders: readonly string[];
  /** The configuration that containerd takes: the first one by name. */
  readonly config: string | undefined;
  readonly isForwarding: boolean;
  readonly used: number;
  /** Undefined where only files were read. */
  readonly forward: ForwardState | undefined;
}

/** Reads it. @param isGlance starts no program @throws tools-missing, command-timeout, file-unreadable */
export async function observePodNetwork(
  host: Host,
  { folders, isGlance }: { readonly folders: readonly string[]; readonly isGlance: boolean },
): Promise<PodNetworkObservation> {
  const { files } = host;
  const [present, names, ipForward, used, forward] = await Promise.all([
    Promise.all(POD_PLUGINS.map((name) => hasPlugin(host, folders, name))),
    files.list(PATHS.cniConfigFolder),
    files.read(IP_FORWARD),
    countPodAddresses(host),
    isGlance ? undefined : readForward(host),
  ]);
  return {
    missingPlugins: POD_PLUGINS.filter((_, index) => present[index] === false),
    folders,
    config: names.filter((name) => CONFIG_NAME.test(name)).toSorted()[0],
    isForwarding: ipForward?.trim() === "1",
    used,
    forward,
  };
}

async function hasPlugin({ files }: Host, folders: readonly string[], name: string): Promise<boolean> {
  const statuses = await Promise.all(folders.map((folder) => files.status(`${folder}/${name}`)));
  return statuses.some((status) => status?.kind === "file" && (status.mode & 0o111) !== 0);
}

async function readForward(host: Host): Promise<ForwardState> {
  const [filter, nat] = await Promise.all([
    listRules(host, "filter", "FORWARD"),
    listRules(host, "nat", "POSTROUTING"),
  ]);
  const jump = filter.indexOf(`-A FORWARD -j ${FIREWALL_CHAIN}`);
  return {
    hasFilterJump: jump >= 0,
    hasNatJump: nat.includes(`-A POSTROUTING -j ${FIREWALL_CHAIN}`),
    dropsBefore: filter.slice(0, Math.max(jump, 0)).find((rule) => /^-A FORWARD -j (?:DROP|REJECT)\b/.test(rule)),
  };
}

async function listRules(host: Host, table: string, chain: string): Promise<readonly string[]> {
  const { stdout } = await runTool(host, "iptables", ["--wait", "5", "--table", table, "--list-rules", chain]);
  return stdout.split("\n").map((line) => line.trim());
}

// `--tunnel` of `authorize` and `revoke`: the addresses of nodes in the tunnel, as one more change of the same diff.
import type { Command } from "commander";
import { stringify } from "yaml";
import type { Change } from "../../admin/change.ts";
import { type Administrator, type ClusterAccess, openCluster } from "../../admin/cluster-access.ts";
import {
  describeEntry,
  planAddresses,
  planRelease,
  readStaticTunnel,
  type TunnelPlan,
} from "../../admin/gateway/allocate.ts";
import { describe, hasCode, SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { ipv4Address, ipv4Network, wireguardKey } from "../../tunnel/entries.ts";
import { type AdminContext, type ChangeOptions, checkCluster, proposeChanges } from "../admin-changes.ts";
import type { Print } from "../context.ts";

export interface TunnelOptions {
  readonly tunnel: boolean;
  readonly address?: string;
  readonly publicKey?: string;
  readonly pods?: string;
}

interface NamedTunnel extends TunnelOptions {
  readonly nodeName: readonly string[];
  readonly identity: string;
}

type AuthorizeTunnelOptions = ChangeOptions & NamedTunnel;

/** Adds the options of `authorize`. */
export function addTunnelOptions(command: Command): Command {
  return command
    .option("--tunnel", "give each --node-name an address in the tunnel to the cluster's gateway", false)
    .option("--address <address>", "with --tunnel: this address (default: the next free one)")
    .option(
      "--pods <network>",
      "with --tunnel: the network of the node's pods, for network.cni: routed (default: the next free /25)",
    )
    .option(
      "--public-key <key>",
      "with --tunnel: the node's WireGuard key, where its Node's annotation cannot be read",
    );
}

/** @throws options-invalid */
export function checkTunnelOptions({ tunnel, address, publicKey, pods, nodeName, identity }: NamedTunnel): void {
  const refuse = (problem: string, hint: string) => {
    throw new SatelliteError("options-invalid", problem, { hint });
  };
  const isOfOneNode = [address, publicKey, pods].some((option) => option !== undefined);
  if (!tunnel && isOfOneNode) refuse("--address, --pods and --public-key belong to --tunnel", "Give --tunnel too.");
  if (!tunnel) return;
  if (nodeName.length === 0) refuse("--tunnel needs --node-name", "An address belongs to a node: name it.");
  if (identity === "fargate")
    refuse(
      "--tunnel is for nodes of identity hybrid",
      "A node of identity fargate has the address of its network interface in the VPC, which no gateway serves yet.",
    );
  if (nodeName.length > 1 && isOfOneNode)
    refuse("--address, --pods and --public-key are of one node", "Authorize the nodes one after the other.");
  if (address !== undefined && !ipv4Address.safeParse(address).success)
    refuse(`--address ${JSON.stringify(address)} is not an IPv4 address`, "It looks like 10.250.0.11.");
  if (pods !== undefined && !ipv4Network.safeParse(pods).success)
    refuse(`--pods ${JSON.stringify(pods)} is not an IPv4 network`, "It looks like 10.250.16.0/25, without host bits.");
  if (publicKey !== undefined && !wireguardKey.safeParse(publicKey).success)
    refuse(
      `--public-key ${JSON.stringify(publicKey)} is not a WireGuard key`,
      "It is 32 bytes in base64, the public one: on the machine, wg pubkey < /etc/eks-satellite/tunnel.key prints it.",
    );
}

/** @throws what {@link planAddresses} does */
export function planTunnel(
  { access, host }: { access: ClusterAccess; host: Pick<LaptopHost, "clock"> },
  { nodeName, address, publicKey, pods }: NamedTunnel,
): Promise<TunnelPlan> {
  const context = { ask: access.askKubernetes, clock: host.clock };
  return planAddresses(context, access, { nodes: nodeName, address, publicKey, pods });
}

/** `authorize --tunnel` for nodes that are let in already; returns the exit code. */
export async function authorizeTunnel(
  { openAdmin, confirm, signals }: AdminContext,
  options: AuthorizeTunnelOptions,
  print: Print,
): Promise<number> {
  const admin = await openAdmin();
  const access = await openCluster(admin, checkCluster(options));
  const { changes, entries, notes } = await planTunnel({ access, host: admin.host }, options);
  const list = [...entries].map(([node, entry]) => `${node} has ${describeEntry(entry)}`).join("; ");
  const proposal = {
    access,
    changes,
    notes: [...access.notes, ...notes],
    details: { tunnel: Object.fromEntries(entries) },
    nothing: `${list} in the tunnel already`,
    done: "The gateway takes it up within seconds. On the machine nothing is left to do: network.tunnel.mode auto reads it.",
  };
  return proposeChanges(proposal, { confirm, options, print, signals });
}

/** Prints the section `network.tunnel` for a machine that cannot read it from the API server; changes nothing. @throws entry-missing, gateway-silent, gateway-needed */
export async function printTunnel(
  openAdmin: () => Promise<Administrator>,
  options: AuthorizeTunnelOptions,
  print: Print,
): Promise<number> {
  const [node, second] = options.nodeName;
  if (!options.tunnel || node === undefined || second !== undefined)
    throw new SatelliteError("options-invalid", "--print config needs --tunnel and one --node-name", {
      hint: "It prints the static tunnel of one node that has an address.",
    });
  const access = await openCluster(await openAdmin(), checkCluster(options));
  const { entry, network, gateways } = await readStaticTunnel(access.askKubernetes, access, node);
  const { vpcCidrs, serviceCidr } = network;
  const pods = entry.pods.length === 0 ? {} : { pods: entry.pods };
  const tunnel = { mode: "static", address: entry.address, ...pods, gateways, vpcCidrs, serviceCidr };
  const unpinned = entry.publicKey === undefined ? PIN_NOTE : "";
  print(`# ${node}: merge this into /etc/eks-satellite/config.yaml.\n${unpinned}${stringify({ network: { tunnel } })}`);
  return 0;
}

const PIN_NOTE =
  "# The gateway learns the machine's key from its Node's annotation. Where the Node cannot register before the tunnel is up,\n# give the key by hand first: authorize … --tunnel --public-key KEY.\n";

/** What `revoke` frees. Without --tunnel an unreadable ConfigMap is a note: there may be no tunnel at all. */
export async function planTunnelRelease(
  { access, host }: { access: ClusterAccess; host: Pick<LaptopHost, "clock"> },
  { nodeName, tunnel }: { nodeName: string | undefined; tunnel: boolean },
): Promise<{ readonly changes: readonly Change[]; readonly notes: readonly string[] }> {
  if (nodeName === undefined) return { changes: [], notes: [] };
  try {
    const change = await planRelease({ ask: access.askKubernetes, clock: host.clock }, [nodeName]);
    return { changes: change === undefined ? [] : [change], notes: [] };
  } catch (error) {
    if (tunnel || !API_CODES.some((code) => hasCode(error, code))) throw error;
    return {
      changes: [],
      notes: [`whether ${nodeName} has an address in the tunnel is unknown: ${describe(error).message}`],
    };
  }
}

const API_CODES = ["api-forbidden", "api-unauthorized", "api-unreachable", "api-untrusted"];

// Removes a tunnel and whatever belongs to it. It asks the machine and no record, so that it also removes what a broken-off start left.
import { hasCode } from "../../errors.ts";
import { readNetworkDevices } from "../../facts/network-devices.ts";
import type { Host } from "../../host/host.ts";
import { FIREWALL_CHAIN, TUNNEL_INTERFACE, TUNNEL_INTERFACES } from "../../tunnel/names.ts";
import { wireguardUnit } from "../../tunnel/wireguard-device.ts";
import { removeAddress } from "./address.ts";
import { readFirewallState, removeFirewall } from "./firewall-executor.ts";
import { requireTool, runTool } from "./tool.ts";
import { readTunnelState } from "./tunnel-state.ts";
import { readUnreachable, setUnreachable } from "./unreachable.ts";

const TABLES = ["filter", "nat"] as const;

/** What there is of the tunnel, one line a thing. */
export async function listTunnel(host: Host, names: readonly string[] = TUNNEL_INTERFACES): Promise<readonly string[]> {
  const [links, addresses, unreachable, ...isChain] = await Promise.all([
    Promise.all(names.map((name) => listLink(host, name))),
    orNone(async () => (await readTunnelState(host, TUNNEL_INTERFACE)).addresses),
    orNone(() => readUnreachable(host)),
    ...TABLES.map((table) =>
      orNone(async () => ((await hasChain(host, table)) ? [`${FIREWALL_CHAIN}${of(table)}`] : [])),
    ),
  ]);
  return [
    ...links.flat(),
    ...addresses.map((address) => `remove the address ${address} of lo`),
    ...unreachable.map((destination) => `remove the route that makes ${destination} unreachable`),
    ...isChain.flat().map((chain) => `remove the chain ${chain} from iptables`),
  ];
}

async function listLink(host: Host, name: string): Promise<readonly string[]> {
  const [isUnit, isLink] = await Promise.all([isUnitRunning(host, name), isThere(host, name)]);
  return [
    ...(isUnit ? [`stop ${unitOf(name)}`] : []),
    ...(isLink ? [`remove the interface ${name} and its routes`] : []),
  ];
}

/** Removes every interface with its routes, and the addresses on `lo`; a second call changes nothing. @throws tunnel-not-set */
export async function removeTunnels(host: Host): Promise<void> {
  for (const name of TUNNEL_INTERFACES.toReversed()) await removeTunnel(host, name);
}

/** Removes one interface with its routes; the address on `lo` goes with the last of them. @throws tunnel-not-set */
export async function removeTunnel(host: Host, name: string): Promise<void> {
  if (await isUnitRunning(host, name)) await requireTool(host, "systemctl", ["stop", unitOf(name)]); // Its interface goes with it.
  if (await isThere(host, name)) await requireTool(host, "ip", ["link", "delete", "dev", name]);
  const devices = await readNetworkDevices(host);
  if (TUNNEL_INTERFACES.some((other) => devices.has(other))) return;
  const { addresses } = await readTunnelState(host, name);
  for (const address of addresses) await requireTool(host, "ip", ["address", "delete", address, "dev", "lo"]);
  await setUnreachable(host, []);
}

/** Removes the chain from every table. @throws tunnel-not-set */
export async function removeChains(host: Host): Promise<void> {
  for (const table of TABLES) await removeFirewall(host, FIREWALL_CHAIN, table);
}

/** Removes one of them, or an address, by its id in the ledger; false for any other. */
export async function removeTunnelResource(host: Host, id: string): Promise<boolean> {
  const [kind, name = "", table] = id.split(":", 3);
  if (kind === "tunnel") await removeTunnel(host, name);
  else if (kind === "address") await removeAddress(host, name);
  else if (kind === "firewall") await removeFirewall(host, name, table === "nat" ? table : "filter");
  else return false;
  return true;
}

async function hasChain(host: Host, table: (typeof TABLES)[number]): Promise<boolean> {
  return (await readFirewallState(host, FIREWALL_CHAIN, { table, asked: [] })).rules !== undefined;
}

function of(table: (typeof TABLES)[number]): string {
  return table === "filter" ? "" : ` of table ${table}`;
}

async function isThere(host: Host, name: string): Promise<boolean> {
  return (await readNetworkDevices(host)).has(name);
}

function unitOf(name: string): string {
  return `${wireguardUnit(name)}.service`;
}

async function isUnitRunning(host: Host, name: string): Promise<boolean> {
  try {
    const { stdout } = await runTool(host, "systemctl", ["is-active", unitOf(name)]);
    return /^(active|activating|deactivating)$/.test(stdout.trim());
  } catch (error) {
    if (hasCode(error, "tools-missing")) return false; // Without systemd there is no unit.
    throw error;
  }
}

/** A machine without ip or iptables has nothing of theirs. */
async function orNone(read: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "tools-missing")) return [];
    throw error;
  }
}

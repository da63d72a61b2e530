// How the VPC routes, for `ip -batch`: by the route table of the subnet that a packet comes from, to network interfaces alone.
import { metadataAddress, type VpcAddresses } from "./addresses.ts";
import { routerOf } from "./attach.ts";
import type { Cloud, CloudRouteTable } from "./cloud.ts";
import { type Port, tableOf } from "./ports.ts";
import { internetGateway } from "./topology.ts";

/** Each key names one thing in the kernel; the value is what makes or replaces it. */
export type Commands = ReadonlyMap<string, string>;

/** The fabric's preference for `ip rule`, before the main table. */
export const fabricPreference = 1000;

/** Routers, rules and routes of the fabric's namespace. */
export function renderFabricRoutes(cloud: Cloud, ports: readonly Port[], vpc: VpcAddresses): Commands {
  const commands = new Map<string, string>();
  for (const { cidr } of cloud.subnets) {
    const router = `${routerOf(cidr)}/32 dev lo`;
    commands.set(`address del ${router}`, `address replace ${router}`);
  }
  for (const { port, subnet, addresses } of ports) {
    const table = tableOf(cloud, subnet);
    if (table === undefined) continue;
    const rule = `iif ${port} lookup ${tableNumber(table.id)} preference ${fabricPreference}`;
    commands.set(`rule del ${rule}`, `rule add ${rule}`);
    // From the fabric's own addresses, such as the metadata service's, and from the internet.
    for (const address of addresses) setRoute(commands, `${address}/32`, `dev ${port} src ${metadataAddress}`, "main");
  }
  for (const table of cloud.routeTables)
    for (const [destination, target] of routesOf(table, cloud, ports, vpc))
      setRoute(commands, destination, target, tableNumber(table.id));
  return commands;
}

/** The control plane's: the VPC's CIDRs and the cluster's remote networks, and no other, through its interface in the VPC. */
export function renderControlRoutes(
  cloud: Cloud,
  router: string,
  device: string,
  rest: string,
  table: string,
): Commands {
  const commands = new Map<string, string>();
  for (const cidr of [...cloud.cidrs, ...cloud.remoteNetworks])
    setRoute(commands, cidr, `via ${router} dev ${device} onlink ${rest}`.trimEnd(), table);
  return commands;
}

function setRoute(commands: Map<string, string>, destination: string, target: string, table: string): void {
  const isDropped = target === "blackhole";
  const route = isDropped ? `blackhole ${destination}` : `${destination} ${target}`;
  commands.set(`route del ${destination} table ${table}`, `route replace ${route} table ${table}`);
}

/** What is addressed to nothing is lost, as on AWS: an address without an interface, a route whose target is gone. */
function routesOf({ routes }: CloudRouteTable, cloud: Cloud, ports: readonly Port[], { gateway }: VpcAddresses) {
  const found = new Map<string, string>([["default", "blackhole"]]);
  for (const { destination, target } of routes) {
    if (target === "local") continue;
    const next = ports.find(({ id }) => id === target);
    const isInternet = target !== null && cloud.internetGateways.includes(target);
    const internet = isInternet ? `via ${gateway.internet} dev ${internetGateway}` : "blackhole";
    found.set(
      destination === "0.0.0.0/0" ? "default" : destination,
      next ? `via ${next.address} dev ${next.port} onlink` : internet,
    );
  }
  for (const cidr of cloud.cidrs) found.set(cidr, "blackhole");
  for (const { addresses, port } of ports) for (const address of addresses) found.set(`${address}/32`, `dev ${port}`);
  return found;
}

/** A number for the kernel that stays the table's own whatever others come and go. */
function tableNumber(id: string): string {
  return String(1000 + Number.parseInt(id.slice(-7), 16));
}

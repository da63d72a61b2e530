// The way from the VPC to satellites: one route for each of their networks in every table that serves a subnet.
import type { Route, RouteTable, VpcSubnet } from "../../../host/gateway-aws/types.ts";
import { type Change, diffOf } from "../../change.ts";
import type { ClusterAccess } from "../../cluster-access.ts";
import type { TunnelNetworks } from "../networks.ts";
import type { GatewayContext, Later } from "./context.ts";

/** Tables that serve a subnet; a pod in a subnet whose table lacks the route cannot reach satellites. */
export function servingTables(tables: readonly RouteTable[], subnets: readonly VpcSubnet[]): readonly RouteTable[] {
  return tables.filter(
    ({ isMain, subnetIds }) => isMain || subnetIds.some((id) => subnets.some((subnet) => subnet.id === id)),
  );
}

/** ARNs of the tables in which one of two gateways replaces routes. */
export function servingTableArns(
  { partition, region, account }: Pick<ClusterAccess, "partition" | "region" | "account">,
  { routeTables, subnets }: { routeTables: readonly RouteTable[]; subnets: readonly VpcSubnet[] },
): readonly string[] {
  return servingTables(routeTables, subnets).map(
    ({ id }) => `arn:${partition}:ec2:${region}:${account}:route-table/${id}`,
  );
}

/** The networks that need routes. */
export function routedNetworks({ nodes, pods }: TunnelNetworks): readonly string[] {
  return pods === undefined ? [nodes] : [nodes, pods];
}

/** One change for each route that is missing or leads to something that is gone. @param gateways interfaces of gateways that are there */
export function planRoutes(
  context: GatewayContext,
  { routeTables, subnets }: { routeTables: readonly RouteTable[]; subnets: readonly VpcSubnet[] },
  {
    networks,
    interfaceId,
    gateways,
  }: { networks: TunnelNetworks; interfaceId: Later<string>; gateways: readonly string[] },
): readonly Change[] {
  return servingTables(routeTables, subnets).flatMap((table) =>
    routedNetworks(networks).flatMap((destination) => {
      const present = table.routes.find((route) => route.destination === destination);
      // A route to the interface is a blackhole while the instance is stopped: it is right.
      // Of two gateways the one that holds the Lease has it.
      const isRight = present !== undefined && [interfaceId.known, ...gateways].includes(present.target);
      return isRight ? [] : [planRoute(context, table, { destination, present, interfaceId })];
    }),
  );
}

function planRoute(
  { aws, ask, names }: GatewayContext,
  { id }: RouteTable,
  {
    destination,
    present,
    interfaceId,
  }: { destination: string; present: Route | undefined; interfaceId: Later<string> },
): Change {
  const target = `route to ${destination} in ${id}`;
  const after = `${interfaceId.known ?? `network interface ${names.label}`}\n`;
  const action = present === undefined ? "ec2:CreateRoute" : "ec2:ReplaceRoute";
  return {
    target,
    action: present === undefined ? "create" : "update",
    diff: diffOf(target, present === undefined ? undefined : `${present.target} (${present.state})\n`, after),
    apply: () =>
      ask(action, `route-table/${id}`, () =>
        present === undefined
          ? aws.createRoute(id, destination, interfaceId.get())
          : aws.replaceRoute(id, destination, interfaceId.get()),
      ),
  };
}

// The VPC's routes as a gateway keeps them: read with its role's keys, by the same rules as those of an administrator's commands.
import type { VpcRoutes } from "../../gateway/lease/vpc-routes.ts";
import type { AwsKeys } from "../../host/aws.ts";
import type { GuardedRoutes } from "../../host/gateway-aws/guarded-routes.ts";
import type { GatewayReads } from "../../host/gateway-aws/types.ts";
import { GATEWAY_TAG } from "../eni.ts";
import { clusterTags } from "./names.ts";
import { servingTables } from "./plan/routes.ts";

type RouteAws = Pick<GatewayReads, "listInterfaces" | "listSubnets" | "listRouteTables"> &
  GuardedRoutes & { readonly destroy: () => void };

export interface VpcRoutesOptions {
  readonly cluster: string;
  readonly open: (keys: AwsKeys) => RouteAws;
}

/** Creates what gives AWS for the current keys: connections are kept, since a holder has no time to make new ones. */
export function createVpcRoutes({ cluster, open }: VpcRoutesOptions): (keys: AwsKeys) => VpcRoutes {
  let opened: { readonly keyId: string; readonly aws: RouteAws } | undefined;
  return (keys) => {
    if (opened?.keyId !== keys.accessKeyId) {
      opened?.aws.destroy();
      opened = { keyId: keys.accessKeyId, aws: open(keys) };
    }
    return routesOf(opened.aws, cluster);
  };
}

function routesOf(aws: RouteAws, cluster: string): VpcRoutes {
  return {
    async look(networks, address) {
      const interfaces = await aws.listInterfaces(clusterTags(cluster));
      const gateways = interfaces.filter(({ tags }) => GATEWAY_TAG in tags);
      const own = gateways.find((each) => each.address === address);
      const isPaired = new Set(gateways.map(({ tags }) => tags[GATEWAY_TAG])).size > 1;
      if (own === undefined) return { ownInterface: undefined, isPaired, routes: [] };
      const [subnets, tables] = await Promise.all([aws.listSubnets(own.vpcId), aws.listRouteTables(own.vpcId)]);
      const routes = servingTables(tables, subnets).flatMap(({ id, routes: all }) =>
        all
          .filter(({ destination }) => networks.includes(destination))
          .map(({ destination, target }) => ({ tableId: id, destination, target })),
      );
      return { ownInterface: own.id, isPaired, routes };
    },
    replace: ({ tableId, destination }, interfaceId, isAllowed) =>
      aws.replaceRouteWhile(isAllowed, { tableId, destination, interfaceId }),
  };
}

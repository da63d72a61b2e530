// The gateway's own look at what it needs in AWS, with the rights of its role: the same findings as those of `gateway check`.
import type { Aws, AwsKeys } from "../../host/aws.ts";
import type { GatewayReads } from "../../host/gateway-aws/types.ts";
import { type Finding, inspectGateway } from "./inspect.ts";
import { NO_GATEWAY, networksOf, readGateways, readVpcPicture } from "./picture.ts";

export interface InspectorOptions {
  readonly aws: Pick<Aws, "describeCluster">;
  /** One look's; `destroy` closes its connections. */
  readonly createReads: (keys: AwsKeys) => GatewayReads & { readonly destroy: () => void };
  readonly cluster: { readonly name: string; readonly region: string };
  /** The gateway's name. */
  readonly gateway: string;
  readonly keys: () => AwsKeys | undefined;
}

/** Creates the look: what is missing, or nothing before there are keys. Errors of AWS are the SDK's own. */
export function createInspector(options: InspectorOptions): () => Promise<readonly Finding[]> {
  const { aws, createReads, cluster, gateway } = options;
  return async () => {
    const keys = options.keys();
    if (keys === undefined) return [];
    const { vpc: where, remoteNetworks } = await aws.describeCluster(keys, cluster.name);
    if (where === undefined) return [];
    const reads = createReads(keys);
    const ask = <T>(_action: string, _resource: string, call: () => Promise<T>) => call();
    const place = { vpcId: where.id, clusterGroupId: where.securityGroupId };
    const [vpc, gateways] = await Promise.all([
      readVpcPicture(reads, ask, place),
      readGateways(reads, ask, cluster.name),
    ]).finally(reads.destroy);
    const picture = gateways.get(gateway) ?? NO_GATEWAY;
    return inspectGateway({
      cluster: cluster.name,
      region: cluster.region,
      gateway,
      networks: networksOf(picture),
      remoteNetworks: remoteNetworks ?? { nodes: [], pods: [] },
      clusterGroupId: where.securityGroupId,
      vpc,
      picture,
      gatewayInterfaces: [...gateways.values()].flatMap(({ interfaces }) => interfaces.map(({ id }) => id)),
    });
  };
}

// Whether a configuration is true, not only valid: its keys are got, its cluster is described, and the cluster accepts this node.
import { readCluster } from "../aws/cluster.ts";
import type { Config } from "../config/schema.ts";
import { readSessionKeys } from "../credentials/credentials.ts";
import { mintEksToken } from "../credentials/eks-token.ts";
import type { Aws } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { createNodeApi } from "./node-client.ts";

/** Tries a configuration without changing anything. @throws what is not true of it */
export async function tryConfig(host: Host, aws: Aws, config: Config): Promise<void> {
  const keys = await readSessionKeys(host, aws, config);
  const now = host.clock.now();
  const cluster = await readCluster(aws, keys, config.cluster, now);
  const token = await mintEksToken(keys, config.cluster, now);
  await createNodeApi({ host, cluster, token: () => token.value }).read(config.node.name);
}

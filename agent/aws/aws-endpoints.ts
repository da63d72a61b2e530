// AWS's endpoints for this node, and the difference of their clock.
import { dnsSuffixOf } from "../config/partitions.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";

/** Renders the host name of a service in a region, with the DNS suffix of its partition. */
export function serviceHostname(service: string, region: string): string {
  return `${service}.${region}.${dnsSuffixOf(region)}`;
}

/** Renders the host name of STS in a region. */
export function stsHostname(region: string): string {
  return serviceHostname("sts", region);
}

/** Chooses the URL of STS: the configured one, or that of the region. */
export function stsUrl({ aws, cluster }: Config): string {
  return aws.endpoints.sts ?? `https://${stsHostname(cluster.region)}/`;
}

/** Chooses the URL of EKS: the configured one, or that of the region. */
export function eksUrl({ aws, cluster }: Config): string {
  return aws.endpoints.eks ?? `https://${serviceHostname("eks", cluster.region)}/`;
}

/** Renders the host name of an account's registry in the cluster's region. */
export function ecrHostname({ cluster }: Config, accountId: string): string {
  return serviceHostname(`${accountId}.dkr.ecr`, cluster.region);
}

/**
 * Measures how far this machine's clock is ahead of the Date header of STS, in milliseconds, to about a second; undefined without
 * an answer. The call needs no credentials.
 */
export async function readClockSkewMs(host: Host, config: Config, timeoutSeconds: number): Promise<number | undefined> {
  const askedMs = host.clock.now();
  const answer = await host.fetch({ url: stsUrl(config), timeoutSeconds }).catch(() => undefined); // Other conditions report that AWS does not answer.
  if (answer?.serverTimeMs === undefined) return undefined;
  return (askedMs + host.clock.now()) / 2 - answer.serverTimeMs;
}

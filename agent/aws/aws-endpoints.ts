// Where AWS answers for this node, and what time it is there.
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";

/** DNS suffix of the partition that a region belongs to. */
const DNS_SUFFIXES: readonly (readonly [prefix: string, suffix: string])[] = [
  ["cn-", "amazonaws.com.cn"],
  ["eusc-", "amazonaws.eu"],
];

/** Host name of STS in a region, in the DNS suffix of its partition. */
export function stsHostname(region: string): string {
  const suffix = DNS_SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "amazonaws.com";
  return `sts.${region}.${suffix}`;
}

/** STS, as configured or of the region. */
export function stsUrl({ aws, cluster }: Config): string {
  return aws.endpoints.sts ?? `https://${stsHostname(cluster.region)}/`;
}

/** EKS, as configured or of the region. */
export function eksUrl({ aws, cluster }: Config): string {
  return aws.endpoints.eks ?? `https://${stsHostname(cluster.region).replace(/^sts\./, "eks.")}/`;
}

/** The registry of an account in the cluster's region. */
export function ecrHostname({ cluster }: Config, accountId: string): string {
  return stsHostname(cluster.region).replace(/^sts\./, `${accountId}.dkr.ecr.`);
}

/**
 * How far this machine's clock is ahead of the Date header of STS, milliseconds, to about a second; undefined when STS does not say.
 * No credentials are needed for that.
 */
export async function readClockSkewMs(host: Host, config: Config, timeoutSeconds: number): Promise<number | undefined> {
  const askedMs = host.clock.now();
  const answer = await host.fetch({ url: stsUrl(config), timeoutSeconds }).catch(() => undefined); // Others tell of an AWS that is away.
  if (answer?.serverTimeMs === undefined) return undefined;
  return (askedMs + host.clock.now()) / 2 - answer.serverTimeMs;
}

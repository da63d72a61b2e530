// Who the gateway is to AWS and to the cluster: keys of the instance's role, the cluster's endpoint and CA, and a token minted from the keys.
import { type ClusterFacts, cacheCluster, readCachedCluster, readCluster } from "../aws/cluster.ts";
import { type EksToken, mintEksToken } from "../credentials/eks-token.ts";
import { describe, SatelliteError } from "../errors.ts";
import type { Aws, SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { type ApiClient, createApiClient } from "../kubernetes/api-client.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import type { Secret } from "../secret.ts";
import { isoTime } from "../time.ts";
import { gatewayErrorTexts } from "./gateway-error-texts.ts";
import type { GatewayConfig } from "./gateway-schema.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";

/** The metadata service gives new keys 5 minutes before the old ones end. */
const RENEW_BEFORE_MS = 15 * 60_000;
/** EKS accepts a token for 15 minutes. */
const TOKEN_AGE_MS = 5 * 60_000;
const DESCRIBE_MS = 10 * 60_000;
const DESCRIBE_RETRY_MS = 30_000;
/** A refusal is cached by the API server for some seconds. */
const REPLACE_MS = 15_000;

export interface GatewaySessionOptions {
  readonly host: Host;
  readonly aws: Pick<Aws, "describeCluster">;
  readonly metadata: Pick<InstanceMetadata, "readRoleKeys">;
  readonly cluster: GatewayConfig["cluster"];
  readonly log: Log;
  /** Where the last good answer of DescribeCluster is kept. */
  readonly cacheFile: string;
}

export class GatewaySession {
  readonly #options: GatewaySessionOptions;
  #keys: SessionKeys | undefined;
  #cluster: ClusterFacts | undefined;
  #token: (EksToken & { readonly mintedMs: number }) | undefined;
  /** By the monotonic clock. */
  #describeAtMs = 0;
  /** When a replacement of the token was tried last, by the monotonic clock. */
  #replacedMs = Number.NEGATIVE_INFINITY;
  /** What was logged of AWS, while it does not answer. */
  #endured: string | undefined;

  constructor(options: GatewaySessionOptions) {
    this.#options = options;
  }

  /** Adopts the cluster's facts of an earlier run: AWS may be away. */
  async restore(): Promise<void> {
    const { host, cacheFile, cluster } = this.#options;
    this.#cluster = await readCachedCluster(host, cacheFile, cluster);
  }

  get cluster(): ClusterFacts | undefined {
    return this.#cluster;
  }

  /** Keys that have not expired. */
  get keys(): SessionKeys | undefined {
    return this.#leftMs() > 0 ? this.#keys : undefined;
  }

  /** The API server; undefined while the cluster or the token is not known. @param deadlineSeconds for each request; default 10 */
  api(deadlineSeconds?: number): ApiClient | undefined {
    const { host } = this.#options;
    const cluster = this.#cluster;
    if (cluster === undefined || this.#token === undefined) return undefined;
    const texts = gatewayErrorTexts(cluster);
    return createApiClient({
      ...{ host, cluster, texts, token: () => this.#currentToken() },
      ...optional({ deadlineSeconds }),
    });
  }

  /** Renews what is due. @throws what keeps the gateway from speaking to the cluster at all */
  async round(): Promise<void> {
    if (this.#leftMs() < RENEW_BEFORE_MS)
      await this.#renewKeys().catch((error: unknown) => this.#endure(error, this.keys));
    const { keys } = this;
    if (keys === undefined) return;
    const { monotonic } = this.#options.host.clock;
    // A token needs no network: it does not wait for AWS's answer.
    if (this.#token === undefined || monotonic() - this.#token.mintedMs >= TOKEN_AGE_MS) await this.#mint(keys);
    if (monotonic() < this.#describeAtMs) return;
    await this.#describe(keys).then(
      () => (this.#endured = undefined),
      (error: unknown) => this.#endure(error, this.#cluster),
    );
  }

  /** The API server refused the token: the keys are read again, and another token is minted, but not in a hurry. */
  async replaceToken(): Promise<void> {
    const { monotonic } = this.#options.host.clock;
    const youngestMs = Math.max(this.#token?.mintedMs ?? Number.NEGATIVE_INFINITY, this.#replacedMs);
    if (monotonic() - youngestMs < REPLACE_MS) return;
    this.#replacedMs = monotonic();
    await this.#renewKeys();
    if (this.keys !== undefined) await this.#mint(this.keys);
  }

  /** The cluster's certificate authority or endpoint may have changed. */
  describeSoon(): void {
    const { monotonic } = this.#options.host.clock;
    this.#describeAtMs = Math.min(this.#describeAtMs, monotonic() + DESCRIBE_RETRY_MS);
  }

  /** While the gateway has what it needs from before, one line says that it was not renewed. */
  #endure(error: unknown, known: unknown): void {
    if (known === undefined) throw error;
    const { message } = describe(error);
    if (message !== this.#endured)
      this.#options.log.warn({ err: error }, "AWS does not answer the gateway; what it said before holds");
    this.#endured = message;
  }

  async #renewKeys(): Promise<void> {
    const { metadata, log } = this.#options;
    const keys = await metadata.readRoleKeys();
    if (keys.accessKeyId !== this.#keys?.accessKeyId)
      log.info({ expiresAt: isoTime(keys.expiresAtMs) }, "keys of the instance's role");
    this.#keys = keys;
  }

  async #describe(keys: SessionKeys): Promise<void> {
    const { host, aws, cluster, cacheFile, log } = this.#options;
    this.#describeAtMs = host.clock.monotonic() + DESCRIBE_RETRY_MS;
    const facts = await readCluster(aws, keys, cluster, host.clock.now());
    this.#describeAtMs = host.clock.monotonic() + DESCRIBE_MS;
    const isSame = this.#cluster?.endpoint === facts.endpoint && this.#cluster.caPem === facts.caPem;
    this.#cluster = facts;
    if (isSame) return;
    log.info({ endpoint: facts.endpoint, version: facts.version }, "the cluster");
    await cacheCluster(host, cacheFile, facts);
  }

  async #mint(keys: SessionKeys): Promise<void> {
    const { host, cluster } = this.#options;
    const token = await mintEksToken(keys, cluster, host.clock.now());
    this.#token = { ...token, mintedMs: host.clock.monotonic() };
  }

  #currentToken(): Secret {
    if (this.#token !== undefined) return this.#token.value;
    throw new SatelliteError("token-missing", "the gateway has no token yet", {
      hint: "The metadata service must give keys of the instance's role: journalctl -u eks-satellite-gateway.",
    });
  }

  #leftMs(): number {
    const { host } = this.#options;
    if (this.#keys === undefined) return 0;
    return (this.#keys.expiresAtMs ?? Number.POSITIVE_INFINITY) - host.clock.now();
  }
}

// The calls that the daemon makes to AWS. The first call loads the SDK's clients: they take most of the agent's start-up time
// and memory, and a node whose keys and cluster facts are still valid starts kubelet without them.

import type { VpcConfigResponse } from "@aws-sdk/client-eks";
import { optional } from "../optional.ts";
import { Secret } from "../secret.ts";
import { proxiedAgent } from "./proxy.ts";

/** Keys that sign requests to AWS. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** Keys that expire at `expiresAtMs` (milliseconds since the epoch); undefined means that the end is unknown. */
export interface SessionKeys extends AwsKeys {
  readonly expiresAtMs: number | undefined;
}

export interface AssumeRoleRequest {
  readonly arn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly externalId?: string | undefined;
}

/** DescribeCluster's answer, unchecked: any part may be missing while EKS creates the cluster. */
export interface ClusterDescription {
  readonly arn?: string | undefined;
  readonly status?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly version?: string | undefined;
  /** PEM, in base64. */
  readonly certificateAuthorityData?: string | undefined;
  readonly ipFamily?: string | undefined;
  readonly serviceIpv4Cidr?: string | undefined;
  readonly serviceIpv6Cidr?: string | undefined;
  /** CONFIG_MAP, API_AND_CONFIG_MAP or API. */
  readonly authenticationMode?: string | undefined;
  /** CIDRs of remoteNetworkConfig. */
  readonly remoteNetworks?: { readonly nodes: readonly string[]; readonly pods: readonly string[] } | undefined;
  readonly vpc?: ClusterVpc | undefined;
}

/** Where a cluster is in the account's network: DescribeCluster's `resourcesVpcConfig`. */
export interface ClusterVpc {
  readonly id: string;
  readonly subnetIds: readonly string[];
  /** The group that EKS made for the cluster. */
  readonly securityGroupId: string;
  readonly hasPublicEndpoint: boolean;
  /** Networks that its public endpoint answers. */
  readonly publicCidrs: readonly string[];
}

/** The calls to AWS that a node makes. Every call throws the SDK's own errors, whose `name` is AWS's error code. */
export interface Aws {
  assumeRole(keys: AwsKeys, request: AssumeRoleRequest): Promise<SessionKeys>;
  /** Session keys of an IAM user, which keep the user's identity. */
  getSessionToken(keys: AwsKeys, durationSeconds: number): Promise<SessionKeys>;
  describeCluster(keys: AwsKeys, name: string): Promise<ClusterDescription>;
  /** ARN of the identity that AWS sees in the keys. */
  getCallerIdentity(keys: AwsKeys): Promise<string>;
}

/** Deadline of a call, connection and retries included. */
const CALL_TIMEOUT_SECONDS = 10;

/** Creates the handle on AWS for a region. */
export function createAws(
  region: string,
  endpoints: { readonly sts?: string | undefined; readonly eks?: string | undefined },
): Aws {
  return {
    ...createStsCalls((keys) => clientOptions(region, endpoints.sts, keys)),
    ...createEksCalls((keys) => clientOptions(region, endpoints.eks, keys)),
  };
}

function clientOptions(region: string, endpoint: string | undefined, keys: AwsKeys) {
  return {
    region,
    maxAttempts: 2,
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey.reveal(),
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken.reveal() }),
    },
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: CALL_TIMEOUT_SECONDS * 1000,
      httpsAgent: proxiedAgent(),
    },
    ...optional({ endpoint }),
  };
}

type OptionsFor = (keys: AwsKeys) => ReturnType<typeof clientOptions>;

const deadline = () => ({ abortSignal: AbortSignal.timeout(CALL_TIMEOUT_SECONDS * 1000) });

function createStsCalls(optionsFor: OptionsFor): Pick<Aws, "assumeRole" | "getSessionToken" | "getCallerIdentity"> {
  return {
    async assumeRole(keys, { arn, sessionName, durationSeconds, externalId }) {
      const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
      const command = new AssumeRoleCommand({
        RoleArn: arn,
        RoleSessionName: sessionName,
        DurationSeconds: durationSeconds,
        ExternalId: externalId,
      });
      const answer = using(new STSClient(optionsFor(keys)), (sts) => sts.send(command, deadline()));
      // DescribeCluster comes next: its client is loaded while STS answers.
      await Promise.allSettled([answer, import("@aws-sdk/client-eks")]);
      return toSessionKeys((await answer).Credentials);
    },
    async getSessionToken(keys, durationSeconds) {
      const { GetSessionTokenCommand, STSClient } = await import("@aws-sdk/client-sts");
      const command = new GetSessionTokenCommand({ DurationSeconds: durationSeconds });
      const answer = await using(new STSClient(optionsFor(keys)), (sts) => sts.send(command, deadline()));
      return toSessionKeys(answer.Credentials);
    },
    async getCallerIdentity(keys) {
      const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
      const command = new GetCallerIdentityCommand({});
      const answer = await using(new STSClient(optionsFor(keys)), (sts) => sts.send(command, deadline()));
      return answer.Arn ?? "";
    },
  };
}

function createEksCalls(optionsFor: OptionsFor): Pick<Aws, "describeCluster"> {
  return {
    async describeCluster(keys, name) {
      const { DescribeClusterCommand, EKSClient } = await import("@aws-sdk/client-eks");
      const command = new DescribeClusterCommand({ name });
      const { cluster } = await using(new EKSClient(optionsFor(keys)), (eks) => eks.send(command, deadline()));
      const network = cluster?.kubernetesNetworkConfig;
      return {
        arn: cluster?.arn,
        status: cluster?.status,
        endpoint: cluster?.endpoint,
        version: cluster?.version,
        certificateAuthorityData: cluster?.certificateAuthority?.data,
        ipFamily: network?.ipFamily,
        serviceIpv4Cidr: network?.serviceIpv4Cidr,
        serviceIpv6Cidr: network?.serviceIpv6Cidr,
        authenticationMode: cluster?.accessConfig?.authenticationMode,
        remoteNetworks: {
          nodes: cidrsOf(cluster?.remoteNetworkConfig?.remoteNodeNetworks),
          pods: cidrsOf(cluster?.remoteNetworkConfig?.remotePodNetworks),
        },
        vpc: vpcOf(cluster?.resourcesVpcConfig),
      };
    },
  };
}

function cidrsOf(networks: readonly { readonly cidrs?: string[] | undefined }[] | undefined): readonly string[] {
  return (networks ?? []).flatMap(({ cidrs }) => cidrs ?? []);
}

function vpcOf(config: VpcConfigResponse | undefined): ClusterVpc | undefined {
  const { vpcId = "", subnetIds = [], clusterSecurityGroupId = "", endpointPublicAccess } = config ?? {};
  const { publicAccessCidrs: publicCidrs = [] } = config ?? {};
  if (vpcId === "") return undefined;
  const hasPublicEndpoint = endpointPublicAccess !== false;
  return { id: vpcId, subnetIds, securityGroupId: clusterSecurityGroupId, hasPublicEndpoint, publicCidrs };
}

/** Destroys the client after the call: it would keep sockets open for the next one, which is minutes away. */
async function using<C extends { destroy(): void }, T>(client: C, call: (client: C) => Promise<T>): Promise<T> {
  try {
    return await call(client);
  } finally {
    client.destroy();
  }
}

interface StsCredentials {
  readonly AccessKeyId: string | undefined;
  readonly SecretAccessKey: string | undefined;
  readonly SessionToken: string | undefined;
  readonly Expiration: Date | undefined;
}

function toSessionKeys(credentials: StsCredentials | undefined): SessionKeys {
  return {
    accessKeyId: credentials?.AccessKeyId ?? "",
    secretAccessKey: new Secret(credentials?.SecretAccessKey ?? ""),
    sessionToken: new Secret(credentials?.SessionToken ?? ""),
    expiresAtMs: credentials?.Expiration?.getTime(),
  };
}

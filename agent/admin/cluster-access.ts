// The cluster as its administrator sees it: where it is, whose it is, and how it decides who somebody is.

import { type ClusterFacts, type ClusterName, readCluster } from "../aws/cluster.ts";
import { mintEksToken } from "../credentials/eks-token.ts";
import { hasCode, SatelliteError } from "../errors.ts";
import type { AdminAws } from "../host/admin-aws.ts";
import type { Aws, AwsKeys, ClusterDescription } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { callAws } from "./aws-call.ts";
import { type AwsAuthApi, createAwsAuthApi } from "./config-map-api.ts";
import { type Principal, principalOfCaller } from "./principal.ts";

/** EKS's `accessConfig.authenticationMode`; a cluster that has none is older than access entries. */
export const AUTHENTICATION_MODES = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"] as const;
export type AuthenticationMode = (typeof AUTHENTICATION_MODES)[number];

/** A cluster, and who asks. */
export interface ClusterAccess extends ClusterName {
  readonly arn: string;
  readonly partition: string;
  readonly account: string;
  readonly mode: AuthenticationMode;
  readonly awsAuth: AwsAuthApi;
  /** ARN as GetCallerIdentity says it. */
  readonly callerArn: string;
  /** The role or user behind it; undefined for the account's root and federated users. */
  readonly caller: Principal | undefined;
}

export interface Administrator {
  readonly host: Host;
  readonly aws: Pick<Aws, "getCallerIdentity" | "describeCluster">;
  readonly adminAws: AdminAws;
}

/** @throws credentials-missing, aws-forbidden, cluster-not-found, cluster-not-active, aws-unreachable, … */
export async function openCluster({ host, aws, adminAws }: Administrator, name: ClusterName): Promise<ClusterAccess> {
  const keys = await readKeys(adminAws);
  const question = { action: "sts:GetCallerIdentity", resource: "*", caller: `access key ${keys.accessKeyId}` };
  const callerArn = await callAws(question, () => aws.getCallerIdentity(keys));
  const { facts, description } = await describeCluster(host, aws, { keys, name, callerArn });
  const [, partition = "aws", , , account = ""] = (description.arn ?? "").split(":");
  const mintToken = async () => (await mintEksToken(await readKeys(adminAws), name, host.clock.now())).value;
  return {
    ...name,
    arn: description.arn ?? "",
    partition,
    account,
    mode: AUTHENTICATION_MODES.find((mode) => mode === description.authenticationMode) ?? "CONFIG_MAP",
    awsAuth: createAwsAuthApi({ host, cluster: facts, caller: callerArn, mintToken }),
    callerArn,
    caller: principalOfCaller(callerArn),
  };
}

interface Description {
  readonly facts: ClusterFacts;
  readonly description: ClusterDescription;
}

async function describeCluster(
  host: Host,
  aws: Administrator["aws"],
  { keys, name, callerArn }: { keys: AwsKeys; name: ClusterName; callerArn: string },
): Promise<Description> {
  let description: ClusterDescription = {};
  const ask = async () => (description = await aws.describeCluster(keys, name.name));
  try {
    return { facts: await readCluster({ describeCluster: ask }, keys, name, host.clock.now()), description };
  } catch (cause) {
    if (!hasCode(cause, "cluster-forbidden")) throw cause;
    const account = principalOfCaller(callerArn)?.account ?? "*";
    const arn = `arn:${callerArn.split(":")[1]}:eks:${name.region}:${account}:cluster/${name.name}`;
    throw new SatelliteError("aws-forbidden", `eks:DescribeCluster on ${arn} was denied`, {
      hint: `Allow eks:DescribeCluster on ${arn} to ${callerArn}.`,
      cause,
    });
  }
}

/** The administrator's keys. @throws credentials-missing */
export async function readKeys(adminAws: AdminAws): Promise<AwsKeys> {
  return adminAws.readKeys().catch((cause: unknown) => {
    throw new SatelliteError("credentials-missing", "there are no AWS credentials to work with", {
      hint: "aws sts get-caller-identity must work with the same --profile or AWS_PROFILE: aws sso login, or aws configure.",
      cause,
    });
  });
}

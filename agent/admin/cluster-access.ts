// The cluster as its administrator sees it: its endpoint, its account, and how it recognizes principals.

import { type ClusterFacts, type ClusterName, readCluster } from "../aws/cluster.ts";
import { mintEksToken } from "../credentials/eks-token.ts";
import { hasCode, SatelliteError } from "../errors.ts";
import type { AdminAws } from "../host/admin-aws.ts";
import type { Aws, AwsKeys, ClusterDescription, ClusterVpc } from "../host/aws.ts";
import type { AdminKubernetes } from "../host/kubernetes-admin.ts";
import type { KubernetesAccess } from "../host/kubernetes-client/client.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import { callAws } from "./aws-call.ts";
import { type AwsAuthApi, createAwsAuthApi } from "./config-map-api.ts";
import { type AskKubernetes, createAskKubernetes, unusable } from "./kubernetes-call.ts";
import { type Principal, principalOfCaller } from "./principal.ts";

/** EKS's `accessConfig.authenticationMode`; a cluster that has none is older than access entries. */
export const AUTHENTICATION_MODES = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"] as const;
export type AuthenticationMode = (typeof AUTHENTICATION_MODES)[number];

/** A cluster, and the caller. */
export interface ClusterAccess extends ClusterName {
  readonly arn: string;
  readonly partition: string;
  readonly account: string;
  readonly mode: AuthenticationMode;
  readonly awsAuth: AwsAuthApi;
  readonly askKubernetes: AskKubernetes;
  readonly facts: ClusterFacts;
  /** Where it is in the account's network; undefined while EKS creates it. */
  readonly vpc: ClusterVpc | undefined;
  /** ARN that GetCallerIdentity returns. */
  readonly callerArn: string;
  /** The role or user behind it; undefined for the account's root and federated users. */
  readonly caller: Principal | undefined;
  /** What the user should know before anything is changed. */
  readonly notes: readonly string[];
}

/** A kubeconfig of the user, by which aws-auth is read and changed. */
export type Kubeconfig = Omit<Extract<KubernetesAccess, { kind: "kubeconfig" }>, "kind">;

export interface Administrator {
  readonly host: LaptopHost;
  readonly aws: Pick<Aws, "getCallerIdentity" | "describeCluster">;
  readonly adminAws: AdminAws;
  /** Loads Kubernetes' client. */
  readonly openKubernetes: (access: KubernetesAccess) => Promise<AdminKubernetes>;
  /** Undefined: the administrator's AWS keys give access to the API server. */
  readonly kubeconfig?: Kubeconfig | undefined;
}

/** @throws credentials-missing, aws-forbidden, cluster-not-found, cluster-not-active, aws-unreachable, kubeconfig-unusable, … */
export async function openCluster(administrator: Administrator, name: ClusterName): Promise<ClusterAccess> {
  const { host, aws, adminAws } = administrator;
  const keys = await readKeys(adminAws);
  const question = { action: "sts:GetCallerIdentity", resource: "*", caller: `access key ${keys.accessKeyId}` };
  const callerArn = await callAws(question, () => aws.getCallerIdentity(keys));
  const { facts, description } = await describeCluster(host, aws, { keys, name, callerArn });
  const [, partition = "aws", , , account = ""] = (description.arn ?? "").split(":");
  return {
    ...name,
    arn: description.arn ?? "",
    partition,
    account,
    mode: AUTHENTICATION_MODES.find((mode) => mode === description.authenticationMode) ?? "CONFIG_MAP",
    ...(await openAwsAuth(administrator, facts, callerArn)),
    facts,
    vpc: description.vpc,
    callerArn,
    caller: principalOfCaller(callerArn),
  };
}

type Opened = Pick<ClusterAccess, "awsAuth" | "askKubernetes" | "notes">;

/** Opens aws-auth by the user's kubeconfig, or else with a token that is minted with the administrator's AWS keys. */
async function openAwsAuth(
  { host, adminAws, openKubernetes, kubeconfig }: Administrator,
  cluster: ClusterFacts,
  callerArn: string,
): Promise<Opened> {
  if (kubeconfig !== undefined) return openByKubeconfig(openKubernetes, kubeconfig, cluster);
  const { name, endpoint, caPem } = cluster;
  const mintToken = async () => (await mintEksToken(await readKeys(adminAws), cluster, host.clock.now())).value;
  const connect = () => openKubernetes({ kind: "token", name, endpoint, caPem, mintToken });
  const askKubernetes = createAskKubernetes({ cluster, caller: callerArn, connect });
  return { awsAuth: createAwsAuthApi(askKubernetes), askKubernetes, notes: [] };
}

async function openByKubeconfig(
  openKubernetes: Administrator["openKubernetes"],
  kubeconfig: Kubeconfig,
  cluster: ClusterFacts,
): Promise<Opened> {
  const { file, context } = kubeconfig;
  const caller = `the user of kubeconfig ${file}${context === undefined ? "" : `, context ${context}`}`;
  const api = await openKubernetes({ kind: "kubeconfig", ...kubeconfig }).catch((cause: unknown) => {
    throw unusable(caller, cause);
  });
  // A tunnel or a proxy has another address too, so this is a note and not an error.
  const isOther = URL.parse(api.server)?.host !== URL.parse(cluster.endpoint)?.host;
  const note = `aws-auth is read and changed at ${api.server}, as ${file} says; the endpoint of ${cluster.name} is ${cluster.endpoint}`;
  const askKubernetes = createAskKubernetes({ cluster, caller, connect: async () => api });
  return { awsAuth: createAwsAuthApi(askKubernetes), askKubernetes, notes: isOther ? [note] : [] };
}

interface Description {
  readonly facts: ClusterFacts;
  readonly description: ClusterDescription;
}

async function describeCluster(
  host: LaptopHost,
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
export async function readKeys(adminAws: Pick<AdminAws, "readKeys">): Promise<AwsKeys> {
  return adminAws.readKeys().catch((cause: unknown) => {
    throw missingKeys(cause);
  });
}

/** The error for an administrator without keys. */
export function missingKeys(cause: unknown): SatelliteError {
  return new SatelliteError("credentials-missing", "there are no AWS credentials to work with", {
    hint: "aws sts get-caller-identity must work with the same --profile or AWS_PROFILE: aws sso login, or aws configure.",
    cause,
  });
}

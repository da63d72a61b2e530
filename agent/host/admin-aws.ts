// The calls to AWS that only an administrator makes. Only the commands that need this file load it: the daemon never does.
import {
  CreateAccessEntryCommand,
  DeleteAccessEntryCommand,
  DescribeAccessEntryCommand,
  EKSClient,
  paginateListAccessEntries,
  paginateListClusters,
} from "@aws-sdk/client-eks";
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import type { AwsKeys } from "./aws.ts";
import { createKeyChain, readChain } from "./key-chain.ts";
import { proxiedAgent } from "./proxy.ts";

/** The parts of an EKS access entry that decide a principal's identity in the cluster. */
export interface AccessEntry {
  readonly principalArn: string;
  /** STANDARD, HYBRID_LINUX, FARGATE_LINUX, EC2_LINUX, … */
  readonly type: string;
  readonly username: string;
  /** Groups of Kubernetes that an entry of type STANDARD gives. */
  readonly groups?: readonly string[];
}

/** A role of IAM. */
export interface Role {
  readonly arn: string;
  /** JSON. */
  readonly trustPolicy: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RoleRequest extends Omit<Role, "arn"> {
  readonly name: string;
  readonly description: string;
}

/** The calls to AWS that an administrator of a cluster makes. Every call throws the SDK's own errors, whose `name` is AWS's error code. */
export interface AdminAws {
  /** The current keys, from AWS's default chain: environment, profile, SSO, web identity, instance. */
  readKeys(): Promise<AwsKeys>;
  /** Names of the clusters of the region. */
  listClusters(): Promise<readonly string[]>;
  /** Undefined when there is none. */
  findAccessEntry(cluster: string, principalArn: string): Promise<AccessEntry | undefined>;
  /** ARNs of the principals that have an entry. */
  listAccessEntries(cluster: string): Promise<readonly string[]>;
  /** @param groups of Kubernetes, for the type STANDARD only */
  createAccessEntry(cluster: string, principalArn: string, type: string, groups?: readonly string[]): Promise<void>;
  deleteAccessEntry(cluster: string, principalArn: string): Promise<void>;
  /** Undefined when there is none. */
  findRole(name: string): Promise<Role | undefined>;
  createRole(request: RoleRequest): Promise<void>;
  setTrustPolicy(role: string, policy: string): Promise<void>;
  /** JSON of an inline policy, or undefined when there is none. */
  findRolePolicy(role: string, name: string): Promise<string | undefined>;
  putRolePolicy(role: string, name: string, policy: string): Promise<void>;
  /** A missing one is no error. */
  deleteRolePolicy(role: string, name: string): Promise<void>;
  /** A missing one is no error. */
  deleteRole(name: string): Promise<void>;
}

/** Time limits of one attempt, in milliseconds. */
const TIMEOUTS = { connectionTimeout: 5000, requestTimeout: 15_000 };

/** Creates the handle on AWS for a region. */
export function createAdminAws(region: string, profile: string | undefined): AdminAws {
  const chosen = profile === undefined ? {} : { profile };
  const credentials = createKeyChain(region, profile);
  const requestHandler = { ...TIMEOUTS, httpsAgent: proxiedAgent() };
  const options = { region, credentials, maxAttempts: 3, requestHandler, ...chosen };
  return {
    readKeys: () => readChain(credentials),
    ...createEntryCalls(new EKSClient(options)),
    ...createRoleCalls(new IAMClient(options)),
  };
}

type EntryCalls = "listClusters" | "findAccessEntry" | "listAccessEntries" | "createAccessEntry" | "deleteAccessEntry";

function createEntryCalls(eks: EKSClient): Pick<AdminAws, EntryCalls> {
  return {
    async listClusters() {
      const names: string[] = [];
      for await (const { clusters = [] } of paginateListClusters({ client: eks }, {})) names.push(...clusters);
      return names;
    },
    async findAccessEntry(clusterName, principalArn) {
      const answer = await unlessMissing(eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn })));
      const { type = "", username = "", kubernetesGroups: groups = [] } = answer?.accessEntry ?? {};
      return answer === undefined ? undefined : { principalArn, type, username, groups };
    },
    async listAccessEntries(clusterName) {
      const arns: string[] = [];
      for await (const { accessEntries = [] } of paginateListAccessEntries({ client: eks }, { clusterName }))
        arns.push(...accessEntries);
      return arns;
    },
    async createAccessEntry(clusterName, principalArn, type, groups) {
      const kubernetesGroups = groups === undefined ? {} : { kubernetesGroups: [...groups] };
      await eks.send(new CreateAccessEntryCommand({ clusterName, principalArn, type, ...kubernetesGroups }));
    },
    async deleteAccessEntry(clusterName, principalArn) {
      await eks.send(new DeleteAccessEntryCommand({ clusterName, principalArn }));
    },
  };
}

type RoleCalls =
  | "findRole"
  | "createRole"
  | "setTrustPolicy"
  | "findRolePolicy"
  | "putRolePolicy"
  | "deleteRolePolicy"
  | "deleteRole";

function createRoleCalls(iam: IAMClient): Pick<AdminAws, RoleCalls> {
  return {
    async findRole(name) {
      const role = (await unlessMissing(iam.send(new GetRoleCommand({ RoleName: name }))))?.Role;
      if (role === undefined) return undefined;
      const tags = Object.fromEntries((role.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
      return { arn: role.Arn ?? "", trustPolicy: decodeURIComponent(role.AssumeRolePolicyDocument ?? ""), tags };
    },
    async createRole({ name, trustPolicy, description, tags }) {
      await iam.send(
        new CreateRoleCommand({
          RoleName: name,
          AssumeRolePolicyDocument: trustPolicy,
          Description: description,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
    },
    async setTrustPolicy(role, policy) {
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: role, PolicyDocument: policy }));
    },
    async findRolePolicy(role, name) {
      const answer = await unlessMissing(iam.send(new GetRolePolicyCommand({ RoleName: role, PolicyName: name })));
      return answer === undefined ? undefined : decodeURIComponent(answer.PolicyDocument ?? "");
    },
    async putRolePolicy(role, name, policy) {
      await iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: name, PolicyDocument: policy }));
    },
    async deleteRolePolicy(role, name) {
      await unlessMissing(iam.send(new DeleteRolePolicyCommand({ RoleName: role, PolicyName: name })));
    },
    async deleteRole(name) {
      await unlessMissing(iam.send(new DeleteRoleCommand({ RoleName: name })));
    },
  };
}

/** EKS and IAM use different codes for it. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { name } = error as { name?: string };
    if (name === "ResourceNotFoundException" || name === "NoSuchEntityException" || name === "NoSuchEntity")
      return undefined;
    throw error;
  }
}

// AWS in memory: one account, one role, one cluster, and AWS's own errors on demand.
import type { AssumeRoleRequest, Aws, AwsKeys, ClusterDescription, SessionKeys } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { clusterCa } from "./certificates.ts";

type Call = "assumeRole" | "getSessionToken" | "describeCluster" | "getCallerIdentity";

/** An error as the SDK throws it: `name` is AWS's code, and an answer has a status. */
export function awsError(name: string, httpStatusCode: number | undefined = 400): Error {
  return Object.assign(new Error(`AWS says ${name}`), {
    name,
    $metadata: httpStatusCode === undefined ? {} : { httpStatusCode },
  });
}

/** A connection that failed before anybody answered. */
export const connectionRefused = (): Error =>
  Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", $metadata: {} });

export class MemoryAws implements Aws {
  /** Every call, in order. */
  readonly calls: Call[] = [];
  readonly roleRequests: AssumeRoleRequest[] = [];
  /** The keys that the last call was signed with. */
  lastKeys: AwsKeys | undefined;
  callerArn = "arn:aws:sts::111122223333:assumed-role/satellite/gpu-1";
  cluster: ClusterDescription = {
    arn: "arn:aws:eks:us-west-2:111122223333:cluster/demo",
    status: "ACTIVE",
    endpoint: "https://ABC.gr7.us-west-2.eks.amazonaws.com",
    version: "1.34",
    certificateAuthorityData: Buffer.from(clusterCa).toString("base64"),
    ipFamily: "ipv4",
    serviceIpv4Cidr: "10.100.0.0/16",
    remoteNetworks: { nodes: ["192.0.2.0/24"], pods: [] },
  };
  readonly #now: () => number;
  readonly #failures = new Map<Call, Error>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** From now on a call, or every call, fails. */
  fail(error: Error, ...calls: readonly Call[]): void {
    for (const call of calls.length > 0
      ? calls
      : (["assumeRole", "getSessionToken", "describeCluster", "getCallerIdentity"] as const))
      this.#failures.set(call, error);
  }

  recover(): void {
    this.#failures.clear();
  }

  async assumeRole(keys: AwsKeys, request: AssumeRoleRequest): Promise<SessionKeys> {
    this.#note("assumeRole", keys);
    this.roleRequests.push(request);
    return this.#session(request.durationSeconds);
  }

  async getSessionToken(keys: AwsKeys, durationSeconds: number): Promise<SessionKeys> {
    this.#note("getSessionToken", keys);
    return this.#session(durationSeconds);
  }

  async describeCluster(keys: AwsKeys): Promise<ClusterDescription> {
    this.#note("describeCluster", keys);
    return this.cluster;
  }

  async getCallerIdentity(keys: AwsKeys): Promise<string> {
    this.#note("getCallerIdentity", keys);
    return this.callerArn;
  }

  #note(call: Call, keys: AwsKeys): void {
    this.calls.push(call);
    this.lastKeys = keys;
    const failure = this.#failures.get(call);
    if (failure !== undefined) throw failure;
  }

  #session(seconds: number): SessionKeys {
    const number = this.calls.length;
    return {
      accessKeyId: `ASIASESSION${number}`,
      secretAccessKey: new Secret(`session-secret-${number}`),
      sessionToken: new Secret(`session-token-${number}`),
      expiresAtMs: this.#now() + seconds * 1000,
    };
  }
}

// The cluster `demo` as its administrator has opened it, with an aws-auth in memory.
import type { AwsAuthEdit } from "../../agent/admin/aws-auth.ts";
import type { ClusterAccess } from "../../agent/admin/cluster-access.ts";
import type { AwsAuthApi } from "../../agent/admin/config-map-api.ts";
import { principalOfCaller } from "../../agent/admin/principal.ts";
import { SatelliteError } from "../../agent/errors.ts";
import type { ConfigMap } from "../../agent/host/kubernetes-admin.ts";
import { ACCOUNT, ADMIN_ARN, CLUSTER_ARN } from "./memory-admin.ts";

/** aws-auth without an API server: what it holds, and how many writes conflict. */
export class MemoryAwsAuthApi implements AwsAuthApi {
  map: ConfigMap | undefined;
  /** Writes that another client is faster than. */
  conflicts = 0;
  /** Writes that are accepted and lost. */
  lost = 0;
  readonly writes: AwsAuthEdit[] = [];

  constructor(data: Readonly<Record<string, string>> | undefined) {
    this.map = data === undefined ? undefined : { metadata: { resourceVersion: "1" }, data };
  }

  async read(): Promise<ConfigMap | undefined> {
    return this.map;
  }

  async write(edit: AwsAuthEdit): Promise<void> {
    this.writes.push(edit);
    if (this.conflicts-- > 0) throw new SatelliteError("aws-auth-conflict", "changed by another client");
    if (this.lost-- > 0) return;
    this.map = { metadata: { resourceVersion: "2" }, data: { ...this.map?.data, [edit.key]: edit.after } };
  }
}

/** The access of the administrator `joe`. */
export function sampleAccess(changes: Partial<ClusterAccess> = {}): ClusterAccess {
  return {
    name: "demo",
    region: "us-west-2",
    arn: CLUSTER_ARN,
    partition: "aws",
    account: ACCOUNT,
    mode: "API_AND_CONFIG_MAP",
    awsAuth: new MemoryAwsAuthApi({}),
    askKubernetes: async (verb, object) => {
      throw new SatelliteError("unexpected", `${verb} of ${object}`);
    },
    facts: {
      name: "demo",
      region: "us-west-2",
      endpoint: "https://abc",
      caPem: "",
      serviceCidr: "10.100.0.0/16",
      ipFamily: "ipv4",
      version: "1.34",
      fetchedAtMs: 0,
    },
    vpc: undefined,
    callerArn: ADMIN_ARN,
    caller: principalOfCaller(ADMIN_ARN),
    notes: [],
    ...changes,
  };
}

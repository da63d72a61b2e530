// The ConfigMap aws-auth at the API server, as the administrator.

import { networkProblemOf } from "../aws/network-error.ts";
import { SatelliteError } from "../errors.ts";
import type { Host, HttpRequest } from "../host/host.ts";
import { apiRequest, withDocument } from "../kubernetes/api-request.ts";
import type { Secret } from "../secret.ts";
import type { AwsAuthData, AwsAuthEdit } from "./aws-auth.ts";

export const AWS_AUTH = "configmap aws-auth in namespace kube-system";

const FOLDER = "/api/v1/namespaces/kube-system/configmaps";
const TIMEOUT_SECONDS = 15;

/** What of a core/v1 ConfigMap matters here. */
export interface ConfigMap {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: AwsAuthData;
}

/** aws-auth, and nothing else of the cluster. Every call throws api-unauthorized, api-forbidden, api-unreachable, api-failed. */
export interface AwsAuthApi {
  /** Undefined when there is none. */
  read(): Promise<ConfigMap | undefined>;
  /** Changes one key of the version that was read, or makes the ConfigMap. @throws aws-auth-conflict when another was faster */
  write(edit: AwsAuthEdit, of: ConfigMap | undefined): Promise<void>;
}

export interface AwsAuthApiOptions {
  readonly host: Pick<Host, "fetch">;
  readonly cluster: {
    readonly name: string;
    readonly region: string;
    readonly endpoint: string;
    readonly caPem: string;
  };
  /** ARN of whoever asks, for errors. */
  readonly caller: string;
  /** A token for each request: a person may take longer to answer than one lives. */
  readonly mintToken: () => Promise<Secret>;
}

/** Creates the handle. */
export function createAwsAuthApi({ host, cluster, caller, mintToken }: AwsAuthApiOptions): AwsAuthApi {
  const send = async (verb: string, path: string, dress: (request: HttpRequest) => HttpRequest) => {
    const token = await mintToken();
    const request = dress(apiRequest(cluster, token.reveal(), path, TIMEOUT_SECONDS));
    const answer = await host.fetch(request).catch((cause: unknown) => {
      throw unreachable(cluster, cause);
    });
    if (answer.status === 401) throw unauthorized(cluster.name, caller);
    if (answer.status === 403) throw forbidden(verb, caller, messageOf(answer.body));
    return answer;
  };
  const write = async (verb: string, path: string, dress: (request: HttpRequest) => HttpRequest) => {
    const { status, body } = await send(verb, path, dress);
    if (status === 409)
      throw new SatelliteError("aws-auth-conflict", `${AWS_AUTH} was changed by another: ${messageOf(body)}`);
    if (status !== 200 && status !== 201) throw failed(verb, status, body);
  };
  return {
    async read() {
      const { status, body } = await send("get", `${FOLDER}/aws-auth`, (request) => request);
      if (status === 404) return undefined;
      if (status !== 200) throw failed("get", status, body);
      return JSON.parse(body) as ConfigMap;
    },
    write({ key, after }, of) {
      if (of === undefined) {
        const metadata = { name: "aws-auth", namespace: "kube-system" };
        const whole = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { [key]: after } };
        return write("create", FOLDER, (request) => withDocument(request, "POST", "application/json", whole));
      }
      // The version makes the API server refuse the patch when anybody has written since.
      const patch = { metadata: { resourceVersion: of.metadata.resourceVersion }, data: { [key]: after } };
      return write("patch", `${FOLDER}/aws-auth`, (request) =>
        withDocument(request, "PATCH", "application/merge-patch+json", patch),
      );
    },
  };
}

function unauthorized(cluster: string, caller: string): SatelliteError {
  return new SatelliteError("api-unauthorized", `cluster ${cluster} does not know ${caller}`, {
    hint: "Use credentials of somebody who is let in (--profile), such as who made the cluster. Where access entries are allowed, --method access-entry needs no access to the cluster itself.",
  });
}

function forbidden(verb: string, caller: string, said: string): SatelliteError {
  return new SatelliteError("api-forbidden", `${verb} of ${AWS_AUTH} was denied to ${caller}: ${said}`, {
    hint: `Let a Role in kube-system allow ${verb} on configmaps to that user or group, or use credentials of an administrator of the cluster (--profile).`,
  });
}

function unreachable({ name, region, endpoint }: AwsAuthApiOptions["cluster"], cause: unknown): SatelliteError {
  const hint =
    networkProblemOf(cause) === "certificate"
      ? "Its certificate is not signed by the cluster's CA: something between here and AWS replaces certificates."
      : `Is it private? aws eks describe-cluster --name ${name} --region ${region} --query cluster.resourcesVpcConfig; then run this within its VPC.`;
  return new SatelliteError("api-unreachable", `the API server ${endpoint} does not answer`, { hint, cause });
}

function failed(verb: string, status: number, body: string): SatelliteError {
  return new SatelliteError("api-failed", `${verb} of ${AWS_AUTH} was answered ${status}: ${messageOf(body)}`, {
    hint: "Nothing was changed by it. kubectl get configmap aws-auth --namespace kube-system --output yaml shows what is there.",
  });
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body.slice(0, 200);
  } catch {
    return body.slice(0, 200); // Not the API server's own answer: a proxy's page, say.
  }
}

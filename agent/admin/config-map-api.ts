// The ConfigMap aws-auth at the API server, as the administrator.

import { hasCode, SatelliteError } from "../errors.ts";
import type { AdminKubernetes, ConfigMap } from "../host/kubernetes-admin.ts";
import { thrownError } from "../kubernetes/api-error.ts";
import type { AwsAuthEdit } from "./aws-auth.ts";
import { type AdminCluster, AWS_AUTH, adminErrorTexts } from "./config-map-errors.ts";

const NAME = { namespace: "kube-system", name: "aws-auth" };

/** aws-auth, and nothing else of the cluster. Every call throws kubeconfig-unusable and the codes of kubernetes/api-error.ts. */
export interface AwsAuthApi {
  /** Undefined when there is none. */
  read(): Promise<ConfigMap | undefined>;
  /** Changes one key of the version that was read, or creates the ConfigMap. @throws aws-auth-conflict when another client was faster */
  write(edit: AwsAuthEdit, of: ConfigMap | undefined): Promise<void>;
}

export interface AwsAuthApiOptions {
  readonly cluster: AdminCluster;
  /** The caller, for errors. */
  readonly caller: string;
  /** Loads the client when it is first needed. */
  readonly connect: () => Promise<AdminKubernetes>;
}

/** Creates the handle. */
export function createAwsAuthApi({ cluster, caller, connect }: AwsAuthApiOptions): AwsAuthApi {
  const call = async <T>(verb: string, ask: (api: AdminKubernetes) => Promise<T>): Promise<T> => {
    const api = await connect();
    return ask(api).catch((thrown: unknown) => {
      // Our own error: the administrator's keys, with which the token is minted, are not available.
      if (thrown instanceof SatelliteError) throw thrown;
      if ((thrown as Error).name === "KubeconfigError") throw unusable(caller, thrown);
      throw thrownError(adminErrorTexts({ ...cluster, endpoint: api.server }, caller), verb, thrown);
    });
  };
  return {
    read: () => call("get", (api) => api.readConfigMap(NAME).catch(ignoreMissing)),
    // The version makes the API server refuse the patch when another process has written since.
    write: ({ key, after }, of) =>
      (of === undefined
        ? call("create", (api) => api.createConfigMap(NAME, { [key]: after }))
        : call("patch", (api) => api.patchConfigMap(NAME, of.metadata.resourceVersion, { [key]: after }))
      ).catch((error: unknown) => {
        throw hasCode(error, "api-conflict") ? conflict(error) : error;
      }),
  };
}

function ignoreMissing(thrown: unknown): undefined {
  if ((thrown as { readonly code?: unknown }).code !== 404) throw thrown;
  return undefined;
}

function conflict(error: unknown): SatelliteError {
  return new SatelliteError("aws-auth-conflict", (error as Error).message);
}

/** The kubeconfig cannot be read, or its exec plugin has failed. @param caller which kubeconfig */
export function unusable(caller: string, cause: unknown): SatelliteError {
  return new SatelliteError("kubeconfig-unusable", `${caller} cannot be used`, {
    hint: `With the same --kubeconfig and --context this must work: kubectl get ${AWS_AUTH.replace(" in namespace ", " --namespace ")}.`,
    cause,
  });
}

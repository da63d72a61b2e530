// The ConfigMap aws-auth at the API server, as the administrator.

import { hasCode, SatelliteError } from "../errors.ts";
import type { AdminKubernetes, ConfigMap } from "../host/kubernetes-admin.ts";
import type { AwsAuthEdit } from "./aws-auth.ts";
import { type AskKubernetes, AWS_AUTH, ignoreMissing } from "./kubernetes-call.ts";

const NAME = { namespace: "kube-system", name: "aws-auth" };

/** aws-auth, and nothing else of the cluster. Every call throws kubeconfig-unusable and the codes of kubernetes/api-error.ts. */
export interface AwsAuthApi {
  /** Undefined when there is none. */
  read(): Promise<ConfigMap | undefined>;
  /** Changes one key of the version that was read, or creates the ConfigMap. @throws aws-auth-conflict when another client was faster */
  write(edit: AwsAuthEdit, of: ConfigMap | undefined): Promise<void>;
}

/** Creates the handle. */
export function createAwsAuthApi(ask: AskKubernetes): AwsAuthApi {
  const call = <T>(verb: string, made: (api: AdminKubernetes) => Promise<T>) => ask(verb, AWS_AUTH, made);
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

function conflict(error: unknown): SatelliteError {
  return new SatelliteError("aws-auth-conflict", (error as Error).message);
}

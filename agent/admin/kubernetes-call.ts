// A call to the API server as an administrator: a failure names the verb, the object, and the caller.
import { SatelliteError } from "../errors.ts";
import type { AdminKubernetes } from "../host/kubernetes-admin.ts";
import { type ApiErrorTexts, thrownError } from "../kubernetes/api-error.ts";

export const AWS_AUTH = "configmap aws-auth in namespace kube-system";

export interface AdminCluster {
  readonly name: string;
  readonly region: string;
  readonly endpoint: string;
}

/** Makes a call. @param object in a message's words @throws kubeconfig-unusable and the codes of kubernetes/api-error.ts */
export type AskKubernetes = <T>(verb: string, object: string, made: (api: AdminKubernetes) => Promise<T>) => Promise<T>;

export interface KubernetesCaller {
  readonly cluster: AdminCluster;
  /** The caller, for errors. */
  readonly caller: string;
  /** Loads the client when it is first needed. */
  readonly connect: () => Promise<AdminKubernetes>;
}

/** Creates the way to ask. */
export function createAskKubernetes({ cluster, caller, connect }: KubernetesCaller): AskKubernetes {
  return async (verb, object, made) => {
    const api = await connect();
    return made(api).catch((thrown: unknown) => {
      // Our own error: the administrator's keys, with which the token is minted, are not available.
      if (thrown instanceof SatelliteError) throw thrown;
      if ((thrown as Error).name === "KubeconfigError") throw unusable(caller, thrown);
      throw thrownError(adminErrorTexts({ ...cluster, endpoint: api.server }, caller, object), verb, thrown);
    });
  };
}

/** For a read of what may be missing. */
export function ignoreMissing(thrown: unknown): undefined {
  if ((thrown as { readonly code?: unknown }).code !== 404) throw thrown;
  return undefined;
}

/** The kubeconfig cannot be read, or its exec plugin has failed. @param caller which kubeconfig */
export function unusable(caller: string, cause: unknown): SatelliteError {
  return new SatelliteError("kubeconfig-unusable", `${caller} cannot be used`, {
    hint: `With the same --kubeconfig and --context this must work: kubectl get ${AWS_AUTH.replace(" in namespace ", " --namespace ")}.`,
    cause,
  });
}

/** Messages and hints; a request's name is its verb. @param caller who asks @param object what for, e.g. {@link AWS_AUTH} */
function adminErrorTexts({ name, region, endpoint }: AdminCluster, caller: string, object: string): ApiErrorTexts {
  const failed = describeFailure(object);
  return {
    "api-unauthorized": () => ({
      message: `cluster ${name} does not know ${caller}`,
      hint: "Use credentials that the cluster knows (--profile, or --kubeconfig), such as those that created it. Where access entries are allowed, --method access-entry needs no access to the cluster itself.",
    }),
    "api-forbidden": ({ request, message }) => ({
      message: `${request} of ${object} was denied to ${caller}: ${message}`,
      hint: `${object === AWS_AUTH ? `Let a Role in kube-system allow ${request} on configmaps to that user or group, or use` : "Use"} credentials of an administrator of the cluster (--profile, or --kubeconfig).`,
    }),
    "api-denied": ({ request, message }) => ({
      message: `${request} of ${object} was denied by a rule of the cluster's admission: ${message}`,
      hint: "Make the change where that webhook or policy allows it: a GitOps repository, say.",
    }),
    "api-unreachable": () => ({
      message: `the API server ${endpoint} does not answer`,
      hint: `Is it private? aws eks describe-cluster --name ${name} --region ${region} --query cluster.resourcesVpcConfig; then run this within its VPC.`,
    }),
    "api-untrusted": () => ({
      message: `the certificate of the API server ${endpoint} is not signed by the cluster's CA`,
      hint: "Something between here and AWS replaces certificates: a proxy that inspects TLS, say.",
    }),
    "api-conflict": ({ message }) => ({ message: `${object} was changed by another: ${message}` }),
    "watch-ended": failed,
    "api-failed": failed,
  };
}

function describeFailure(object: string) {
  return ({ request, status, message }: { request: string; status?: number; message: string }) => ({
    message: `${request} of ${object} was answered ${status}: ${message}`,
    hint:
      object === AWS_AUTH
        ? "Nothing was changed by it. kubectl get configmap aws-auth --namespace kube-system --output yaml shows what is there."
        : "Nothing was changed by it. Earlier changes stay, and running this again continues from there.",
  });
}

// How the API server's refusals are put to an administrator who changes aws-auth.
import type { ApiErrorTexts } from "../kubernetes/api-error.ts";

export const AWS_AUTH = "configmap aws-auth in namespace kube-system";

export interface AdminCluster {
  readonly name: string;
  readonly region: string;
  readonly endpoint: string;
}

/** Messages and hints; a request's name is its verb. @param caller who asks */
export function adminErrorTexts({ name, region, endpoint }: AdminCluster, caller: string): ApiErrorTexts {
  return {
    "api-unauthorized": () => ({
      message: `cluster ${name} does not know ${caller}`,
      hint: "Use credentials that the cluster knows (--profile, or --kubeconfig), such as those that created it. Where access entries are allowed, --method access-entry needs no access to the cluster itself.",
    }),
    "api-forbidden": ({ request, message }) => ({
      message: `${request} of ${AWS_AUTH} was denied to ${caller}: ${message}`,
      hint: `Let a Role in kube-system allow ${request} on configmaps to that user or group, or use credentials of an administrator of the cluster (--profile, or --kubeconfig).`,
    }),
    "api-denied": ({ request, message }) => ({
      message: `${request} of ${AWS_AUTH} was denied by a rule of the cluster's admission: ${message}`,
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
    "api-conflict": ({ message }) => ({ message: `${AWS_AUTH} was changed by another: ${message}` }),
    "watch-ended": failed,
    "api-failed": failed,
  };
}

function failed({ request, status, message }: { request: string; status?: number; message: string }) {
  return {
    message: `${request} of ${AWS_AUTH} was answered ${status}: ${message}`,
    hint: "Nothing was changed by it. kubectl get configmap aws-auth --namespace kube-system --output yaml shows what is there.",
  };
}

// How the API server's refusals are put to those who care for a node.
import type { ClusterFacts } from "../aws/cluster.ts";
import type { ApiErrorTexts } from "./api-error.ts";

/** Messages and hints for requests with the node's own token. */
export function nodeErrorTexts({ endpoint, name, region }: ClusterFacts): ApiErrorTexts {
  return {
    "api-untrusted": () => ({
      message: `the certificate of the API server ${endpoint} is not signed by the cluster's CA`,
      hint: `Either something between here and AWS replaces certificates (a proxy that inspects TLS), or the CA has changed: compare aws eks describe-cluster --name ${name} --region ${region} --query cluster.certificateAuthority.data.`,
    }),
    "api-unreachable": ({ problem }) => ({
      message: `the API server ${endpoint} does not answer`,
      hint:
        problem === "dns"
          ? "The machine's name servers must answer: resolvectl status, cat /etc/resolv.conf. Pods keep running meanwhile."
          : "Check the firewall and the cluster's public access CIDRs. Pods keep running meanwhile.",
    }),
    "api-unauthorized": () => ({
      message: "the API server does not know this node's identity",
      hint: "An administrator lets its role or user in with eks-satellite authorize: an access entry of type HYBRID_LINUX, or in aws-auth system:node:{{SessionName}} with group system:nodes. eks-satellite check has the whole command.",
    }),
    "api-forbidden": ({ message }) => ({
      message: `the API server knows this node as another identity: ${message}`,
      hint: "The identity must map to system:node:<node name> in group system:nodes: compare node.name with the role's session name, or with the user's entry in aws-auth.",
    }),
    "api-denied": ({ request, message }) => ({
      message: `the API server denied ${request}: ${message}`,
      hint: "It knows this node; a rule of its admission (NodeRestriction, a webhook, a policy or a quota) does not let a node do that. A page of HTML is that of a proxy on the way.",
    }),
    "api-conflict": ({ message }) => ({ message: `another change was first: ${message}` }),
    "watch-ended": ({ message }) => ({ message: `the watch begins too far in the past: ${message}` }),
    "api-failed": ({ status, message }) => ({
      message: `the API server answered ${status}: ${message}`,
      hint: "The request is repeated automatically.",
    }),
  };
}

// How the API server's refusals are put to those who care for a gateway.
import type { ClusterFacts } from "../aws/cluster.ts";
import type { ApiErrorTexts } from "../kubernetes/api-error.ts";
import { nodeErrorTexts } from "../kubernetes/node-error-texts.ts";
import { GATEWAY_GROUP } from "../tunnel/names.ts";

/** Messages and hints for requests with the token of the instance's role. */
export function gatewayErrorTexts(cluster: ClusterFacts): ApiErrorTexts {
  return {
    ...nodeErrorTexts(cluster),
    "api-unreachable": () => ({
      message: `the API server ${cluster.endpoint} does not answer`,
      hint: "Peers stay as they are meanwhile. Check the instance's route to it, and the cluster's public access CIDRs.",
    }),
    "api-unauthorized": () => ({
      message: "the API server does not know the role of this instance",
      hint: `It needs an access entry with the group ${GATEWAY_GROUP}: eks-satellite gateway create makes it.`,
    }),
    "api-forbidden": ({ message }) => ({
      message: `the API server grants the gateway too little: ${message}`,
      hint: "eks-satellite gateway create applies the roles of gateways again.",
    }),
    "api-denied": ({ request, message }) => ({
      message: `the API server denied ${request}: ${message}`,
      hint: "A rule of its admission (a webhook, a policy or a quota) does not let a gateway do that.",
    }),
  };
}

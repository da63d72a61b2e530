// The node in question as the rows see it, and the commands that their hints name.
import type { VerifiedNode } from "../../host/verify/verify-kubernetes.ts";
import type { VerifyContext } from "./ask.ts";
import type { Made } from "./made.ts";

/** What `verify` tries, and with what. */
export interface Subject extends VerifyContext {
  readonly nodeName: string;
  readonly node: VerifiedNode;
  readonly image: string;
  readonly isOnHostNetwork: boolean;
  readonly made: Made;
  /** Name of the pod and of the Service. */
  readonly name: string;
  readonly token: string;
  readonly port: number;
}

/** The command that names what is missing between the cluster's network and the node. */
export function gatewayCheck({ node, nodeName }: Pick<Subject, "node" | "nodeName">): string {
  // EKS's hybrid nodes have eks-hybrid:///REGION/CLUSTER/NODE.
  const [, region = "REGION", cluster = "NAME"] =
    /^eks-hybrid:\/\/\/([^/]{1,50})\/([^/]{1,100})\//.exec(node.providerId) ?? [];
  return `eks-satellite gateway check --cluster ${cluster} --region ${region} --node-name ${nodeName}`;
}

/** Where the machine itself says why. */
export function onMachine({ nodeName }: Pick<Subject, "nodeName">, condition: string): string {
  return `sudo eks-satellite status, on ${nodeName}, shows the condition ${condition}`;
}

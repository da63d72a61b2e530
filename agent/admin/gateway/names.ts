// What a gateway's resources are called, and the tags by which they are found again and distinguished from those of others.
import { sha256 } from "../../digest.ts";
import type { Tags } from "../../host/gateway-aws/types.ts";
import { CLUSTER_TAG, GATEWAY_TAG } from "../eni.ts";

/** On the security group: the networks that the gateway serves, `nodes` or `nodes pods`. */
export const NETWORKS_TAG = "eks-satellite:networks";
/** On the security group: those of them that were added to the cluster's remote networks, and so are removed with the gateway. */
export const ADDED_TAG = "eks-satellite:added-remote-networks";

export const DEFAULT_GATEWAY = "gateway-1";
/** Name of the inline policy of the gateway's role. */
export const GATEWAY_POLICY = "eks-satellite-gateway";
const IAM_NAME_MAX_LENGTH = 64;

export interface GatewayNames {
  readonly cluster: string;
  readonly region: string;
  readonly gateway: string;
  /** Of the security group, and the tag `Name` of all resources. */
  readonly label: string;
  /** Of the role and of the instance profile; IAM is one for all regions. */
  readonly role: string;
  readonly tags: Tags;
}

export function namesOf(cluster: string, region: string, gateway: string): GatewayNames {
  const label = `eks-satellite-${cluster}-${gateway}`;
  const tags = { [CLUSTER_TAG]: cluster, [GATEWAY_TAG]: gateway, Name: label };
  return { cluster, region, gateway, label, role: shorten(`${label}-${region}`), tags };
}

const STANDBY = "-standby";

/** The gateway that stands by for another one is a gateway with pieces of its own. */
export function standbyName(gateway: string): string {
  return `${gateway}${STANDBY}`;
}

/** The gateway that this one stands by for; undefined for one that does not. */
export function primaryName(gateway: string): string | undefined {
  return gateway.endsWith(STANDBY) ? gateway.slice(0, -STANDBY.length) : undefined;
}

/** The tags that find the resources of all gateways of a cluster. */
export function clusterTags(cluster: string): Tags {
  return { [CLUSTER_TAG]: cluster };
}

/** A long name keeps its beginning, and a digest makes it unique. */
function shorten(name: string): string {
  if (name.length <= IAM_NAME_MAX_LENGTH) return name;
  return `${name.slice(0, IAM_NAME_MAX_LENGTH - 9)}-${sha256(name).slice(0, 8)}`;
}

// The tags of a machine that this program launched: which Node it is, of which cluster, by which launch, since when.

/** Keys of tags. */
export const TAGS = {
  /** Name of the Node, of the machine and of its role session. */
  node: "eks-satellite:node",
  /** ARN of the cluster. */
  cluster: "eks-satellite:cluster",
  /** A UUID, by which a launch is found again whose answer was lost. */
  launch: "eks-satellite:launch",
  /** ISO 8601: Lambda itself keeps no time of creation. */
  since: "eks-satellite:since",
} as const;

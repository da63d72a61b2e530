// How a cluster recognizes a node.

/** `auto` is an access entry for a role where the cluster allows them, else aws-auth. */
export const METHODS = ["auto", "access-entry", "aws-auth"] as const;
export type Method = (typeof METHODS)[number];

// How a cluster is to know a node.

/** `auto` is an access entry for a role where those are allowed, else aws-auth. */
export const METHODS = ["auto", "access-entry", "aws-auth"] as const;
export type Method = (typeof METHODS)[number];

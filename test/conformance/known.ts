// The failures that are known, each with its cause. One that passes is reported, too: its line has to go.

/** Why a test fails that needs one node and images that can be made. */
export interface KnownFailure {
  /** Part of the test's name that no other has. */
  readonly test: string;
  /** This program, the sandbox's cluster and kernel, or an image that cannot be made here. */
  readonly cause: "ours" | "sandbox" | "image";
  readonly why: string;
}

export const knownFailures: readonly KnownFailure[] = [
  {
    test: "should have at least two untainted nodes",
    cause: "sandbox",
    why: "the satellite is the cluster's one node",
  },
  {
    test: "Daemon set [Serial] should rollback without unnecessary restarts",
    cause: "sandbox",
    why: "it asks for two nodes, and the satellite is the cluster's one",
  },
];

// Who reads a planned file, and what follows from that: one line a reader. A program that reads its file whenever it needs it is none.

/** What restarts a program that started with another content: its ServiceResource, or the daemon, whose child it is. */
export type Restart = "service" | "supervisor";

interface ReaderSpec {
  /** How a candidate is checked before it replaces the file; `apply/config-check.ts` has the checks. */
  readonly check: "containerd-config-dump" | undefined;
  /** Undefined for a program that reads the file whenever it needs it. */
  readonly restart: Restart | undefined;
}

export const READERS = {
  kubelet: { check: undefined, restart: "supervisor" },
  containerd: { check: "containerd-config-dump", restart: "service" },
  none: { check: undefined, restart: undefined },
} as const satisfies Readonly<Record<string, ReaderSpec>>;

/** Who reads a file only at its start, and so must be restarted when it started with other content. */
export type Reader = keyof typeof READERS;

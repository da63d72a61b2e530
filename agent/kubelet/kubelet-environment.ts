// The environment of kubelet: the daemon's, without what is meant for the daemon alone.

/**
 * NOTIFY_SOCKET and WATCHDOG_* would let kubelet speak to systemd in the daemon's name, and so hide a daemon that hangs.
 * NODE_*, UV_*, MALLOC_* and JOURNAL_STREAM configure this program; AWS_* would compete with the files that the agent keeps.
 */
const KEPT_BACK = /^(NOTIFY_SOCKET|WATCHDOG_|NODE_|UV_|MALLOC_|JOURNAL_STREAM|INVOCATION_ID|MAINPID|AWS_)/;

/** The variables that kubelet gets. */
export function kubeletEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !KEPT_BACK.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

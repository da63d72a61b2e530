// One step of `reset`, and what the steps share.
import type { LocalConfig } from "../config/machine-config.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { Access } from "./drain.ts";

/** One step. */
export interface Step {
  readonly name: string;
  /** What there is to do, one line each; empty when it is done. */
  readonly list: () => Promise<readonly string[]>;
  /** Does it, and returns what is left for the user to do. @throws what kept it from being done */
  readonly run: () => Promise<readonly string[]>;
}

export interface StepOptions {
  readonly host: Host;
  readonly log: Log;
  readonly config: LocalConfig;
  /** How the API server is reached; undefined when that is unknown. */
  readonly access: Access | undefined;
  readonly drainSeconds: number;
  /** Remove /etc/eks-satellite too. */
  readonly isPurge: boolean;
  /** A package's own script runs this: dpkg holds its lock, and would not start a second time. */
  readonly isWithinDpkg: boolean;
  /** Called when the daemon has stopped. @throws when another one runs */
  readonly onStopped?: () => Promise<void>;
}

const STOP_TIMEOUT_SECONDS = 60;

/** Runs systemctl. Its exit code does not matter here: a unit that is not installed needs no change. */
export function systemctl(host: Host, ...args: readonly string[]) {
  return host.run("systemctl", args, { timeoutSeconds: STOP_TIMEOUT_SECONDS });
}

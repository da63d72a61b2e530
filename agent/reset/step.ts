// One step of `reset`, and what the steps share.
import type { LocalConfig } from "../config/machine-config.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { Access } from "./drain.ts";

/** One step. */
export interface Step {
  readonly name: string;
  /** What there is to do, one line each; nothing when it has been done. */
  readonly list: () => Promise<readonly string[]>;
  /** Does it. What it returns is left for a person to do. @throws what kept it from being done */
  readonly run: () => Promise<readonly string[]>;
}

export interface StepOptions {
  readonly host: Host;
  readonly log: Log;
  readonly config: LocalConfig;
  /** How the API server is reached; undefined when that is not known. */
  readonly access: Access | undefined;
  readonly drainSeconds: number;
  /** Remove /etc/eks-satellite too. */
  readonly isPurge: boolean;
  /** A package's own script runs this: dpkg is at work, and would not start a second time. */
  readonly isWithinDpkg: boolean;
}

const STOP_TIMEOUT_SECONDS = 60;

/** systemctl's refusals are no failures here: a unit that is not installed is not in the way. */
export function systemctl(host: Host, ...args: readonly string[]) {
  return host.run("systemctl", args, { timeoutSeconds: STOP_TIMEOUT_SECONDS });
}

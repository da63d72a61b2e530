// What the machine itself must have for the rest to work: names that resolve, the right time.

import { readClockSkewMs, stsHostname } from "../aws/aws-endpoints.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

/** AWS refuses a signature whose time is 5 minutes off, and EKS a token that is 15: this is early enough to correct it. */
const MAX_SKEW_MS = 120_000;
const CLOCK_TIMEOUT_SECONDS = 10;

export interface MachineWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  /** The API server's URL, once it is known. */
  readonly endpoint: () => string | undefined;
}

/** Checks name resolution. */
export async function watchNames({ host, config, board, endpoint }: MachineWatchOptions): Promise<void> {
  const url = endpoint();
  const names = [stsHostname(config.cluster.region), ...(url === undefined ? [] : [new URL(url).hostname])];
  try {
    await Promise.all(names.map((name) => host.resolve(name)));
    board.setTrue("DnsWorking", "Resolved", `${names.join(" and ")} can be resolved`);
  } catch (error) {
    board.setFailed("DnsWorking", error);
  }
}

/** Compares this machine's clock with AWS's. */
export async function watchClock({ host, config, board }: MachineWatchOptions): Promise<void> {
  const skewMs = await readClockSkewMs(host, config, CLOCK_TIMEOUT_SECONDS);
  if (skewMs === undefined) return;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) {
    board.setTrue("ClockInSync", "InSync", "this machine's clock and AWS's agree");
    return;
  }
  board.setFailed(
    "ClockInSync",
    new SatelliteError(
      "clock-skewed",
      `this machine's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} AWS's: from 5 minutes on signatures are refused, and with them kubelet's token`,
      { hint: "timedatectl set-ntp true; timedatectl timesync-status. Without a network: date --set." },
    ),
  );
}

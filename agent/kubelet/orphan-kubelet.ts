// A kubelet that outlives its daemon, after a SIGKILL outside systemd: recorded by pid and start time, recognised later, and ended.
import * as z from "zod";
import type { SatelliteError } from "../errors.ts";
import { isAlive, type ProcessIdentity, readProcess } from "../facts/process.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { stuckError } from "./kubelet-errors.ts";

export interface OrphanKubeletOptions {
  readonly host: Host;
  readonly log: Log;
  readonly processFile: string;
  readonly stopSeconds: number;
  /** Called again and again while the process does not end. */
  readonly onStuck?: (error: SatelliteError) => void;
}

const POLL_MS = 50;
/** After its grace: SIGKILL ends every process that the kernel lets end. */
const STUCK_MS = 30_000;
const GIVEN_UP_MS = 120_000;

const processFileSchema = z.object({ pid: z.number(), startTicks: z.number() });

/** Records a kubelet that has just been started. Without the record a later daemon takes it for a foreign one; a failure here is no reason to end it. */
export async function recordKubelet({ host, log, processFile }: OrphanKubeletOptions, pid: number): Promise<void> {
  try {
    const identity = await readProcess(host, pid);
    if (identity !== undefined) await host.files.write(processFile, JSON.stringify(identity), { mode: 0o600 });
  } catch (err) {
    log.warn({ err, pid }, "kubelet's pid was not recorded");
  }
}

/**
 * Ends the recorded kubelet, if that very process still runs. One that does not end, in the kernel's state D, is reported after half a
 * minute and left after two: it is then refused as a foreign one until it is gone, by pid. Returns whether none is left.
 */
export async function endOrphanKubelet(options: OrphanKubeletOptions, signal?: AbortSignal): Promise<boolean> {
  const { host, log, processFile, stopSeconds, onStuck } = options;
  const left = await readProcessFile(host, processFile);
  if (left === undefined || !(await isAlive(host, left))) return true;
  log.warn({ pid: left.pid }, "a kubelet of an earlier run is still there and is ended");
  host.kill(left.pid, "SIGTERM");
  const beganMs = host.clock.monotonic();
  while ((await isAlive(host, left)) && signal?.aborted !== true) {
    const waitedMs = host.clock.monotonic() - beganMs;
    if (waitedMs > stopSeconds * 1000) host.kill(left.pid, "SIGKILL");
    if (waitedMs > stopSeconds * 1000 + STUCK_MS) onStuck?.(stuckError(left.pid));
    if (waitedMs > stopSeconds * 1000 + GIVEN_UP_MS) return false;
    await host.clock.sleep(POLL_MS, signal).catch(() => undefined); // The loop sees the abort.
  }
  return !(await isAlive(host, left));
}

/** The recorded kubelet, whether it still runs or not. */
export async function readProcessFile(host: Host, path: string): Promise<ProcessIdentity | undefined> {
  try {
    return processFileSchema.parse(JSON.parse((await host.files.read(path)) ?? ""));
  } catch {
    return undefined; // No record, or a damaged one: a kubelet that runs all the same is then refused as a foreign one, by pid.
  }
}

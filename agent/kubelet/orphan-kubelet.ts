// A kubelet that outlives its daemon, after a SIGKILL outside systemd: recorded by pid and start time, recognised later, and ended.
import * as z from "zod";
import { isAlive, type ProcessIdentity, readProcess } from "../facts/process.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

export interface OrphanKubeletOptions {
  readonly host: Host;
  readonly log: Log;
  readonly processFile: string;
  readonly stopSeconds: number;
}

const POLL_MS = 50;

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

/** Ends the recorded kubelet, if that very process still runs. */
export async function endOrphanKubelet({ host, log, processFile, stopSeconds }: OrphanKubeletOptions): Promise<void> {
  const left = await readProcessFile(host, processFile);
  if (left === undefined || !(await isAlive(host, left))) return;
  log.warn({ pid: left.pid }, "a kubelet of an earlier run is still there and is ended");
  host.kill(left.pid, "SIGTERM");
  const deadlineMs = host.clock.monotonic() + stopSeconds * 1000;
  while (await isAlive(host, left)) {
    if (host.clock.monotonic() > deadlineMs) host.kill(left.pid, "SIGKILL");
    await host.clock.sleep(POLL_MS);
  }
}

/** The recorded kubelet, whether it still runs or not. */
export async function readProcessFile(host: Host, path: string): Promise<ProcessIdentity | undefined> {
  try {
    return processFileSchema.parse(JSON.parse((await host.files.read(path)) ?? ""));
  } catch {
    return undefined; // No record, or a damaged one: a kubelet that runs all the same is then refused as a foreign one, by pid.
  }
}

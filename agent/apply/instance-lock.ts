// One daemon a state folder: two would write the same files, and each would end the other's kubelet. The lock ends with its holder.
import * as z from "zod";
import { lockPath } from "../config/paths.ts";
import { SatelliteError } from "../errors.ts";
import { readUnit } from "../facts/process.ts";
import type { FileLock, Host } from "../host/host.ts";

const holderSchema = z.object({ pid: z.number() });

/** The process that holds the lock. */
export interface LockHolder {
  /** Undefined when the file does not say. */
  readonly pid: number | undefined;
  /** Undefined outside any. */
  readonly unit: string | undefined;
}

/** A lock that was taken; `problem` says why it was not, on a disk that takes none. */
export interface InstanceLock extends FileLock {
  readonly problem?: unknown;
}

/** Takes the lock, before anything is touched. A disk that fails keeps no node from starting. @throws already-running with the holder's pid and unit */
export async function takeInstanceLock(host: Host, stateFolder: string): Promise<InstanceLock> {
  const path = lockPath(stateFolder);
  const content = `${JSON.stringify({ pid: host.processId })}\n`;
  const lock = await host.files
    .lock(path, content)
    .catch((problem: unknown) => ({ problem, release: async () => undefined }));
  if (lock !== undefined) return lock;
  throw alreadyRunning(await readHolder(host, stateFolder), path);
}

/** Who holds the lock; undefined when it is free. Changes nothing that lasts. */
export async function findLockHolder(host: Host, stateFolder: string): Promise<LockHolder | undefined> {
  const path = lockPath(stateFolder);
  if ((await host.files.status(path)) === undefined) return undefined;
  const lock = await host.files.lock(path);
  if (lock === undefined) return readHolder(host, stateFolder);
  await lock.release();
  return undefined;
}

async function readHolder(host: Host, stateFolder: string): Promise<LockHolder> {
  try {
    const { pid } = holderSchema.parse(JSON.parse((await host.files.read(lockPath(stateFolder))) ?? ""));
    return { pid, unit: await readUnit(host, pid) };
  } catch {
    return { pid: undefined, unit: undefined }; // It has just taken the lock, and has not written its name yet.
  }
}

/** The refusal, with the other's pid and unit. */
export function alreadyRunning({ pid, unit }: LockHolder, path: string): SatelliteError {
  const where = `${pid === undefined ? "" : ` with pid ${pid}`}${unit === undefined ? "" : ` in ${unit}`}`;
  return new SatelliteError(
    "already-running",
    `eks-satellite runs already${where}, and holds ${path}; nothing was done`,
    {
      hint:
        unit === undefined
          ? `ps -fp ${pid ?? "PID"}, and end it (fuser -v ${path}).`
          : `systemctl stop ${unit}, or use the running one.`,
    },
  );
}

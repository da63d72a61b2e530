// Replaces a file atomically, so that a crash leaves the old one or the new one: temporary file, fsync, rename, fsync of the folder.
import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SatelliteError } from "../errors.ts";
import type { WriteOptions } from "./host.ts";

/** Temporary files that are being written by this process. */
const inUse = new Set<string>();

/** Replaces a file as a whole. @throws disk-full, file-unwritable: the old file is intact and no temporary file is left */
export async function writeAtomically(path: string, content: string, options: WriteOptions): Promise<void> {
  let temporary: string | undefined;
  const target = await followed(path);
  try {
    const folder = dirname(target);
    const prefix = `.${basename(target)}.`;
    temporary = join(folder, `${prefix}${randomBytes(6).toString("hex")}.tmp`);
    inUse.add(temporary);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await removeStale(folder, prefix);
    await writeDurably(temporary, content, options);
    await replace(temporary, target);
    await syncFolder(folder);
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw unwritable(path, cause);
  } finally {
    if (temporary !== undefined) inUse.delete(temporary);
  }
}

/**
 * Where the content goes: a symbolic link stays, and its target is replaced. A link to /dev/null is how administrators switch
 * a file off, and the device is every program's. @throws file-unwritable when it leads to neither a file nor a folder
 */
async function followed(path: string): Promise<string> {
  const target = await realpath(path).catch(() => path);
  const isLink = await lstat(path).then(
    (status) => status.isSymbolicLink(),
    () => false,
  );
  const found = isLink ? await stat(path).catch(() => undefined) : undefined;
  if (found === undefined || found.isFile() || found.isDirectory()) return target;
  throw new SatelliteError("file-unwritable", `${path} is a link to ${target}, which is no file`, {
    hint: `Remove the link: rm ${path}.`,
  });
}

/** Removes the temporary files that a power cut has left of earlier writes to the same file. */
async function removeStale(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const isTemporary = name.startsWith(prefix) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length));
    if (isTemporary && !inUse.has(path)) await rm(path, { force: true });
  }
}

/** An empty folder gives way: container runtimes make one for a path that is to be mounted and is not there. */
async function replace(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EISDIR") throw error;
    await rmdir(target);
    await rename(temporary, target);
  }
}

/** Explains why a write failed, with the remedy. */
export function unwritable(path: string, cause: unknown): SatelliteError {
  const code = (cause as { code?: unknown }).code;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SatelliteError("disk-full", `${path} was not written: no space left on its file system`, {
      hint: `Free space below ${dirname(path)} (df -h, df -i); the previous file is intact.`,
      cause,
    });
  }
  const hint =
    code === "EACCES" || code === "EPERM"
      ? "Run as root."
      : code === "EROFS"
        ? "The file system is mounted read-only: see dmesg and remount it."
        : code === "ENOTEMPTY"
          ? `A folder that holds something stands in its place: see ls -la ${path}, and move it away.`
          : `See ls -ld ${dirname(path)}.`;
  return new SatelliteError("file-unwritable", `${path} was not written`, { hint, cause });
}

async function writeDurably(path: string, content: string, { mode, uid, gid }: WriteOptions): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(content);
    await handle.chmod(mode);
    if (uid !== undefined && gid !== undefined) await handle.chown(uid, gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

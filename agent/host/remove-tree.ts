// Removing folders as a whole, and never what is mounted in them: a pod may have bound the machine's own root into itself.
import { randomUUID } from "node:crypto";
import { lstat, readdir, readFile, realpath, rename, rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SatelliteError } from "../errors.ts";

/** The kernel takes paths of 4,095 bytes, and a folder may be deeper than that: such a one is moved up first. A name has 255 bytes at most. */
const MAX_PATH_LENGTH = 1000;
const MOUNTINFO = "/proc/self/mountinfo";

/** Removes a file, or a folder with everything in it. Links are not followed. @throws mounted-below; errors of node:fs */
export async function removeTree(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  // A bind mount has the device number of what it shows: only the kernel's list knows it.
  // The kernel lists real paths: a link on the way, or a slash at the end, would hide a mount.
  const real = join(await realpath(dirname(path)), basename(path));
  const mounted = mountPoints(await readFile(MOUNTINFO, "utf8")).find((point) => isWithin(point, real));
  if (mounted !== undefined) throw mountedBelow(path, mounted);
  const top = Buffer.from(path);
  await removeWithin(top, { top, device: found.dev });
}

interface Tree {
  readonly top: Buffer;
  readonly device: number;
}

/**
 * Paths are bytes: a name need not be UTF-8. What was mounted since the list was read is seen by its device, unless it is a bind mount
 * of the same file system.
 */
async function removeWithin(path: Buffer, tree: Tree): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  if (found.dev !== tree.device) throw mountedBelow(tree.top.toString(), path.toString());
  if (!found.isDirectory()) return void (await unlink(path).catch(ignoreAbsent));
  if (path.length > tree.top.length + MAX_PATH_LENGTH) {
    const shorter = child(tree.top, Buffer.from(`.removed-${randomUUID()}`));
    await rename(path, shorter);
    return removeWithin(shorter, tree);
  }
  for (const name of await readdir(path, { encoding: "buffer" })) await removeWithin(child(path, name), tree);
  await rmdir(path).catch(ignoreAbsent);
}

function child(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from("/"), name]);
}

/** The mount points in the kernel's list (proc_pid_mountinfo(5)), which writes blanks and backslashes as three octal digits. */
export function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    if (point === undefined) return [];
    return [point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
  });
}

function isWithin(point: string, path: string): boolean {
  return point === path || point.startsWith(`${path}/`);
}

function mountedBelow(path: string, point: string): SatelliteError {
  return new SatelliteError("mounted-below", `${path} is not removed: ${point} is mounted`, {
    hint: `umount ${point}; then try again.`,
  });
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

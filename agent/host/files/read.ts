// Reading files and explaining their failures, on any system.
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SatelliteError } from "../../errors.ts";
import { unwritable } from "../atomic-write.ts";
import type { FileStatus } from "../host.ts";

/** Status and text of one file that is opened once. */
export async function readWithStatus(path: string, maxBytes: number): Promise<{ status: FileStatus; text: string }> {
  const { stats, text } = await readWithStats(path, maxBytes);
  return { status: toStatus(stats), text };
}

/** The same, with all that the kernel says of the inode. It was said before the text was read. */
export async function readWithStats(path: string, maxBytes: number): Promise<{ stats: Stats; text: string }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    return { stats, text: stats.isFile() ? await readText(handle, stats.size, maxBytes) : "" };
  } finally {
    await handle.close();
  }
}

/** A file of /proc says that it has no bytes, and has a few. */
const LEAST_BYTES = 4096;

/** Takes as much memory as the file needs, and not as much as it may have: the daemon reads its own small files each round. */
async function readText(handle: FileHandle, sizeBytes: number, maxBytes: number): Promise<string> {
  let buffer: Buffer = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(LEAST_BYTES, sizeBytes)) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.toString("utf8", 0, length);
    length += bytesRead;
    if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    if (length === buffer.length) buffer = enlarge(buffer, maxBytes);
  }
}

/** It has grown since its size was read. */
function enlarge(buffer: Buffer, maxBytes: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.min(maxBytes + 1, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}

export function toStatus(found: Stats): FileStatus {
  return {
    kind: found.isFile() ? "file" : found.isDirectory() ? "folder" : "other",
    mode: found.mode & 0o7777,
    uid: found.uid,
    gid: found.gid,
    sizeBytes: found.size,
    modifiedMs: found.mtimeMs,
  };
}

/** Of a path that does not exist: the real path of its nearest folder that does, and the rest as it is named. */
export async function readRealPath(path: string): Promise<string> {
  const found = await unlessAbsent(path, () => realpath(path));
  if (found !== undefined || dirname(path) === path) return found ?? path;
  return join(await readRealPath(dirname(path)), basename(path));
}

/** What is read, or undefined where there is nothing. @throws file-unreadable */
export async function unlessAbsent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    // ESRCH: a process left while its folder in /proc was being read.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ESRCH") return undefined;
    const hint = code === "EACCES" || code === "EPERM" ? "Run as root." : `See ls -l ${path}.`;
    throw new SatelliteError("file-unreadable", `${path} could not be read`, { hint, cause });
  }
}

/** Says why a write failed. @throws disk-full, file-unwritable */
export async function explaining<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw cause instanceof SatelliteError ? cause : unwritable(path, cause);
  }
}

// What a file system has left, and whether it takes writes at all.
import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";

/** What a file system has left for users other than root (statfs(2)). A file system without a fixed number of inodes has 0 of 0. */
export interface FileSystemSpace {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
  /** Whether it takes no writes, as after an error of its disk. */
  readonly isReadOnly?: boolean;
}

/** Asks the file system of a path. @throws ENOENT where nothing is there */
export async function readSpace(path: string): Promise<FileSystemSpace> {
  const [{ bsize, blocks, bavail, files, ffree }, isReadOnly] = await Promise.all([statfs(path), refusesWrites(path)]);
  const [totalBytes, availableBytes] = [blocks * bsize, bavail * bsize];
  return { totalBytes, availableBytes, totalInodes: files, freeInodes: ffree, isReadOnly };
}

/** access(2) looks at the mount and at its file system. */
function refusesWrites(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === "EROFS",
  );
}

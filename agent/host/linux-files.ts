// Files of a real Linux machine.
import { type SpawnOptions, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants, createReadStream } from "node:fs";
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { SatelliteError } from "../errors.ts";
import { writeAtomically } from "./atomic-write.ts";
import { appendLines } from "./files/append.ts";
import { FileMemory } from "./files/file-memory.ts";
import { isAnsweredAtOnce, readAtOnce, readLinkAtOnce, statAtOnce } from "./files/kernel-answers.ts";
import { explaining, readRealPath, toStatus, unlessAbsent } from "./files/read.ts";
import { readSpace } from "./files/space.ts";
import type { FileLock, FileStatus, Files } from "./host.ts";
import { removeTree } from "./remove-tree.ts";

const LOCK_TIMEOUT_MS = 10_000;

/** Creates the handle on the machine's files. */
export function createLinuxFiles(): Files {
  const memory = new FileMemory();
  return {
    read: (path) => unlessAbsent(path, async () => (isAnsweredAtOnce(path) ? readAtOnce(path) : memory.read(path))),
    readWithStatus: (path, maxBytes) => unlessAbsent(path, () => memory.readWithStatus(path, maxBytes)),
    status: (path) => unlessAbsent(path, () => readStatus(path)),
    write: writeAtomically,
    appendLines: (path, lines) => explaining(path, () => appendLines(path, lines)),
    writeInPlace: (path, content) => explaining(path, () => writeFile(path, content)),
    setMode: (path, mode) => explaining(path, () => chmod(path, mode)),
    remove: (path) => explaining(path, () => rm(path, { force: true })),
    move: (from, to) => explaining(to, () => rename(from, to)),
    makeFolder: async (path, mode) => void (await explaining(path, () => mkdir(path, { recursive: true, mode }))),
    makeTemporaryFolder: (parent) => explaining(parent, () => mkdtemp(join(parent, ".eks-satellite-"))),
    copyToNew: (from, to) => explaining(to, () => copyToNew(from, to)),
    list: async (path) => ((await unlessAbsent(path, () => readdir(path))) ?? []).toSorted(),
    space: (path) => unlessAbsent(path, () => readSpace(path)),
    readLink: (path) => unlessAbsent(path, () => readLink(path)),
    realPath: (path) => readRealPath(path),
    digest: (path) => unlessAbsent(path, () => readDigest(path)),
    link: (path, target) => explaining(path, () => replaceByLink(path, target)),
    removeTree: (path) => explaining(path, () => removeTree(path)),
    lock: (path, content) => explaining(path, () => lockFile(path, content)),
    removeEmptyFolder: (path) => explaining(path, () => removeIfEmpty(path)),
  };
}

async function readStatus(path: string): Promise<FileStatus | undefined> {
  const found = isAnsweredAtOnce(path) ? statAtOnce(path) : await stat(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : toStatus(found);
}

async function readLink(path: string): Promise<string | undefined> {
  if (isAnsweredAtOnce(path)) return readLinkAtOnce(path);
  return (await lstat(path)).isSymbolicLink() ? readlink(path) : undefined;
}

async function copyToNew(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new SatelliteError("file-exists", `there is already a ${to}, and it was not replaced`, {
      hint: `Give another name, or look at it and remove it: ls -l ${to}.`,
    });
  }
}

async function readDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function replaceByLink(path: string, target: string): Promise<void> {
  const candidate = `${path}.eks-satellite`;
  await rm(candidate, { force: true }); // Of a run that was broken off.
  await symlink(target, candidate);
  await rename(candidate, path);
}

/**
 * The lock belongs to the open file, which flock(1) inherits and this process keeps: it ends with the last of both. Children that are
 * started later do not inherit it, since Node opens files with O_CLOEXEC.
 */
async function lockFile(path: string, content: string | undefined): Promise<FileLock | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if ((await runFlock(handle.fd)) !== 0) {
      await handle.close();
      return undefined;
    }
    if (content !== undefined) {
      // It only names the holder: a full disk takes nothing from the lock.
      await handle
        .truncate(0)
        .then(() => handle.write(content, 0))
        .catch(() => undefined);
    }
    return { release: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function runFlock(descriptor: number): Promise<number> {
  const options: SpawnOptions = { stdio: [descriptor, "ignore", "ignore"], timeout: LOCK_TIMEOUT_MS };
  const [exitCode] = (await once(spawn("flock", ["--exclusive", "--nonblock", "0"], options), "exit")) as [
    number | null,
  ];
  return exitCode ?? 1;
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTEMPTY", "EBUSY", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

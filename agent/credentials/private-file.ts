// Reads files with secrets, and checks programs that run as this daemon, as ssh does with its keys: no other user may have written, or may
// change, what decides over the node's identity.
import { dirname } from "node:path";
import { SatelliteError } from "../errors.ts";
import type { FileStatus } from "../host/host.ts";
import type { LaptopHost } from "../host/laptop/types.ts";

type PrivateHost = Pick<LaptopHost, "files" | "userId">;

/** Access for group and others: a file with keys must have none of these bits. */
const OTHERS_BITS = 0o077;
/** Write access for group and others, of what everybody may read. */
const OTHERS_WRITE_BITS = 0o022;
/** In a folder with this bit, such as /tmp, no user replaces another user's file. */
const STICKY_BIT = 0o1000;
/** No file of keys is larger. */
const MAX_BYTES = 256 * 1024;
const ROOT = 0;
/** PATH of a service (systemd.exec(5)). */
const PROGRAM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * Reads a file that only root, or the daemon's own user, may read, in folders that only they may write to.
 * @throws credentials-missing, credentials-exposed, credentials-foreign, file-unreadable
 */
export async function readPrivateFile(host: PrivateHost, file: string): Promise<string> {
  // The file that was checked is the one that is read, whatever its name means a moment later.
  const opened = await host.files.readWithStatus(file, MAX_BYTES);
  if (opened === undefined) {
    throw new SatelliteError("credentials-missing", `there is no file ${file}`, {
      hint: `Write the keys there (install -m 0600 /dev/stdin ${file}), or correct credentials in the configuration.`,
    });
  }
  const { status, text } = opened;
  if (status.kind !== "file") {
    throw new SatelliteError("credentials-foreign", `${file} is not a regular file`, {
      hint: `Write the keys into a file: install -m 0600 /dev/stdin ${file}.`,
    });
  }
  if ((status.mode & OTHERS_BITS) !== 0) {
    throw new SatelliteError(
      "credentials-exposed",
      `${file} has mode ${octal(status)}: other users of this machine can read its keys`,
      {
        hint: `chmod 600 ${file}, and rotate the keys: other users may know them.`,
      },
    );
  }
  const problem = explainOwner(host, file, status) ?? (await findForeignFolder(host, file));
  if (problem === undefined) return text;
  throw new SatelliteError(
    "credentials-foreign",
    `${problem}: that user decides which keys, and which commands, are used`,
    {
      hint: `Move it to a folder that only root may write to, such as /etc/eks-satellite: install -o root -g root -m 0600 ${file} /etc/eks-satellite/.`,
    },
  );
}

/**
 * Checks a program that the daemon is about to run: its owner, its mode and its folders. A missing one is none of its business.
 * @throws program-foreign
 */
export async function checkPrivateProgram(host: PrivateHost, program: string): Promise<void> {
  const path = await findProgram(host, program);
  if (path === undefined) return;
  const status = await host.files.status(path);
  if (status === undefined) return;
  const isWritable = (status.mode & OTHERS_WRITE_BITS) !== 0;
  const problem = isWritable
    ? `${path} has mode ${octal(status)}`
    : (explainOwner(host, path, status) ?? (await findForeignFolder(host, path)));
  if (problem === undefined) return;
  throw new SatelliteError("program-foreign", `${problem}: another user could run commands as root through it`, {
    hint: `chown root:root ${path}; chmod go-w ${path}; and let only root write to its folders.`,
  });
}

/** A name without a slash is looked for where this daemon's unit has its programs. */
async function findProgram({ files }: PrivateHost, program: string): Promise<string | undefined> {
  if (program === "" || program.includes("/")) return program || undefined;
  for (const folder of PROGRAM_FOLDERS) {
    const path = `${folder}/${program}`;
    if ((await files.status(path)) !== undefined) return path;
  }
  return undefined;
}

function explainOwner({ userId }: PrivateHost, path: string, { uid }: FileStatus): string | undefined {
  return uid === ROOT || uid === userId ? undefined : `${path} belongs to user ${uid}`;
}

/** Of the name as it is written, and of where its links lead: each folder above. */
async function findForeignFolder(host: PrivateHost, path: string): Promise<string | undefined> {
  const folders = new Set([...foldersOf(path), ...foldersOf(await host.files.realPath(path))]);
  for (const folder of folders) {
    const status = await host.files.status(folder);
    if (status === undefined) continue;
    const isWritable = (status.mode & OTHERS_WRITE_BITS) !== 0 && (status.mode & STICKY_BIT) === 0;
    if (isWritable) return `${folder}, which holds ${path}, has mode ${octal(status)}`;
    const problem = explainOwner(host, folder, status);
    if (problem !== undefined) return `${problem}, and holds ${path}`;
  }
  return undefined;
}

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersOf(folder)];
}

function octal({ mode }: FileStatus): string {
  return mode.toString(8).padStart(4, "0");
}

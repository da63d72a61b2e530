// A virtual machine's disk while the machine is off: read with e2fsprogs, without a mount.
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { clean } from "../environment.ts";
import { machineTree } from "../machine-tree.ts";
import { diskName } from "./virtual-tree.ts";

/** Content of a file; undefined when there is none. */
export async function readDiskFile(folder: string, path: string): Promise<Buffer | undefined> {
  const disk = await replayed(folder);
  if (/File not found/.test(await ask(disk, `stat "${path}"`))) return undefined;
  const { stdout } = await execa("debugfs", ["-R", `cat "${path}"`, disk], {
    ...clean(),
    encoding: "buffer",
    stripFinalNewline: false,
  });
  return Buffer.from(stdout);
}

/** Names in a folder; none when there is no such folder. */
export async function readDiskFolder(folder: string, path: string): Promise<readonly string[]> {
  const text = await ask(await replayed(folder), `ls -p "${path}"`);
  // "/INODE/MODE/UID/GID/NAME/SIZE/", an entry a line.
  const names = text.split("\n").map((line) => line.split("/")[5] ?? "");
  return names.filter((name) => name !== "" && name !== "." && name !== "..");
}

/** Copies a folder below another of the host, and returns the copy; an empty one when there is no such folder. */
export async function copyDiskFolder(folder: string, path: string, target: string): Promise<string> {
  const disk = await replayed(folder);
  await mkdir(target, { recursive: true });
  await ask(disk, `rdump "${path}" "${target}"`);
  const copy = join(target, basename(path));
  await mkdir(copy, { recursive: true });
  return copy;
}

/** The disk with its journal replayed, as the next boot would; e2fsck ends with 1 when it did. */
async function replayed(folder: string): Promise<string> {
  const disk = join(machineTree(folder), diskName);
  const { exitCode, stdout } = await execa("e2fsck", ["-p", disk], { ...clean(), reject: false });
  if ((exitCode ?? 8) > 1) throw new Error(`e2fsck of ${disk} ended with ${exitCode}: ${stdout}`);
  return disk;
}

/** debugfs reports what it does not find on its standard error, and ends with 0. */
async function ask(disk: string, request: string): Promise<string> {
  const { stdout, stderr } = await execa("debugfs", ["-R", request, disk], clean());
  return `${stdout}\n${stderr}`;
}

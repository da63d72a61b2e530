// A package's files as they are installed: which, with what in them, and how they are put below a folder.
import { chmod, link, lutimes, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** One file of a package. */
export interface PackageFile {
  /** Relative to the root, e.g. `opt/eks-satellite/bin/node`. */
  readonly path: string;
  /** Contents, or the path of a file on the same file system to link: Node has 120 MB. */
  readonly content: string | Uint8Array | { readonly linkTo: string };
  /** 0755 instead of 0644. */
  readonly isProgram?: boolean;
}

/**
 * Writes files below a folder, with the modes 0755 and 0644 whatever the umask, and one time on everything.
 * @param root the folder, made when missing; nothing else may be in it
 * @param timeSeconds seconds since 1970
 */
export async function writeTree(root: string, files: readonly PackageFile[], timeSeconds: number): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const { path, content, isProgram } of files) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === "object" && "linkTo" in content) await link(content.linkTo, target);
    else await writeFile(target, content);
    await chmod(target, isProgram === true ? 0o755 : 0o644);
  }
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    await lutimes(path, timeSeconds, timeSeconds);
  }
  await chmod(root, 0o755);
  await lutimes(root, timeSeconds, timeSeconds);
}

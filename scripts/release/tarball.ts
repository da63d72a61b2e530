// The tarball: one folder, below it the files by the paths that they are installed at.
import { join } from "node:path";
import { runTool } from "./tool.ts";
import { type PackageFile, writeTree } from "./tree.ts";

/** Where a package is made. */
export interface Place {
  /** Folder for what is needed meanwhile. */
  readonly work: string;
  /** Folder that gets the package. */
  readonly output: string;
  /** Seconds since 1970, on everything in the package. */
  readonly timeSeconds: number;
}

/**
 * Makes `<name>.tar.gz` with the files below `<name>/`; owner, order, times and modes do not depend on where it is made.
 * @param name e.g. `eks-satellite-0.1.0-linux-amd64`
 * @returns the file's name
 */
export async function makeTarball(name: string, files: readonly PackageFile[], place: Place): Promise<string> {
  const { work, output, timeSeconds } = place;
  await writeTree(join(work, name), files, timeSeconds);
  await runTool("tar", [
    "--create",
    ...["--file", join(output, `${name}.tar.gz`)],
    // -n leaves name and time out of gzip's header.
    ...["--use-compress-program", "gzip -n -6"],
    ...["--format", "ustar", "--sort", "name", "--owner", "0", "--group", "0", "--numeric-owner"],
    ...["--mtime", `@${timeSeconds}`, "--mode", "u+rwX,go+rX,go-w"],
    ...["--directory", work, name],
  ]);
  return `${name}.tar.gz`;
}

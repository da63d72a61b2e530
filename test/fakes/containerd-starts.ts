// The starting points of test/fixtures/containerd, as the daemon reads them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../fixtures/containerd");

/** Where the programs are that the starting points name. */
export const PACKAGED_RUNTIME = "/usr/bin/nvidia-container-runtime";
export const OPERATORS_RUNTIME = "/usr/local/nvidia/toolkit/nvidia-container-runtime";
export const DROP_IN = "/etc/containerd/conf.d/99-nvidia.toml";

export interface ContainerdStart {
  readonly main: string;
  /** What the main file imports. */
  readonly dropIn: string | undefined;
}

export function readContainerdStart(name: string): ContainerdStart {
  const dropIn = join(FOLDER, `${name}.drop-in.toml`);
  return {
    main: readFileSync(join(FOLDER, `${name}.toml`), "utf8"),
    dropIn: existsSync(dropIn) ? readFileSync(dropIn, "utf8") : undefined,
  };
}

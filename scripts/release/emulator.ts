// Starts the program of a tarball on another processor: qemu's user mode, with that processor's C and C++ libraries.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { SatelliteError } from "../../agent/errors.ts";
import type { Architecture } from "./architecture.ts";
import { runTool } from "./tool.ts";

/** How to start a program. */
export interface Launch {
  /** What stands before the program, empty for this machine's own processor. */
  readonly prefix: readonly string[];
  /** For the report, e.g. `through qemu-aarch64-static`. */
  readonly how: string;
}

/**
 * Says how a program for an architecture is started here; installs qemu and the libraries with apt-get when they are missing.
 * @throws SatelliteError `emulator-missing`, `tool-failed`
 */
export async function prepareLaunch({ name, nodeName, gnuName }: Architecture): Promise<Launch> {
  if (process.arch === nodeName) return { prefix: [], how: "on this machine's processor" };
  const qemu = `/usr/bin/qemu-${gnuName}-static`;
  const libraries = `/usr/${gnuName}-linux-gnu`;
  const needed = [qemu, `${libraries}/lib/libc.so.6`, `${libraries}/lib/libstdc++.so.6`];
  const packages = ["qemu-user-static", `libstdc++6-${name}-cross`];
  if (!(await areThere(needed))) await install(packages);
  if (!(await areThere(needed))) {
    throw new SatelliteError("emulator-missing", `${packages.join(" and ")} left no ${needed.join(", ")}`, {
      hint: `Start the program of the ${name} tarball on a machine of that kind.`,
    });
  }
  const version = /version (\S+)/.exec(await runTool(qemu, ["--version"]))?.[1] ?? "of unknown version";
  return { prefix: [qemu, "-L", libraries], how: `through qemu-${gnuName}-static ${version}` };
}

async function install(packages: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new SatelliteError("emulator-missing", `${packages.join(" and ")} must be installed, which takes root`, {
      hint: `sudo apt-get install ${packages.join(" ")}`,
    });
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runTool("apt-get", ["update", "--quiet=2"], { environment });
  await runTool("apt-get", ["install", "--yes", "--quiet=2", "--no-install-recommends", ...packages], { environment });
}

async function areThere(paths: readonly string[]): Promise<boolean> {
  const looks = await Promise.allSettled(paths.map((path) => access(path, constants.R_OK)));
  return looks.every(({ status }) => status === "fulfilled");
}

// The installer, run in the machine as its documentation says.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { tarballOf } from "../e2e/release-mirror.ts";
import type { Satellite } from "../e2e/satellite.ts";

const INSTALL_MS = 300_000;

/** Installs a version of a mirror's; the machine may lose its power meanwhile. Returns the installer's exit code. */
export async function installRelease({ sandbox }: Satellite, url: string, version: string): Promise<number> {
  const from = ["--from", `${url}/download/v${version}/${tarballOf(version)}`];
  const options = ["--wait", "0", "--allow-downgrade", "--allow-unsigned"];
  const command = ["env", "EKS_SATELLITE_ALLOW_HTTP=yes", "bash", "-s", "--", ...from, ...options];
  const input = await readFile(join(import.meta.dirname, "../../packaging/install.sh"), "utf8");
  return (await sandbox.box(command, { mayFail: true, timeoutMs: INSTALL_MS, input })).exitCode;
}

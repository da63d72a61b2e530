// The options that say which release a machine installs, and by whom it must be signed: `user-data` and `machine launch` share them.
import type { Command } from "commander";
import { DEFAULT_BASE_URL, type PinnedRelease, pinRelease } from "../../admin/user-data/pinned-release.ts";
import { optional } from "../../optional.ts";
import { VERSION } from "../../version.ts";
import type { LaptopContext } from "../context.ts";

export interface ReleaseOptions {
  readonly eksSatelliteVersion: string;
  readonly sums?: string;
  readonly allowedSigners?: string;
  readonly allowUnsigned: boolean;
}

/** Adds them; the last two mean what they mean to the installer. */
export function addReleaseOptions(command: Command): Command {
  return command
    .option("--eks-satellite-version <version>", "release to install, pinned with its checksums", VERSION)
    .option("--sums <file>", "SHA256SUMS of the release, with SHA256SUMS.sig beside it (default: downloaded)")
    .option("--allowed-signers <file>", "keys that may sign it, as ssh-keygen(1) lists them (default: this program's)")
    .option("--allow-unsigned", "take a SHA256SUMS without looking at its signature, as of an own build", false);
}

/** Pins the release that the options and the environment name. @throws what pinRelease does */
export function pinWanted(
  { host, environment }: Pick<LaptopContext, "host" | "environment">,
  { eksSatelliteVersion: version, sums, allowedSigners, allowUnsigned }: ReleaseOptions,
): Promise<PinnedRelease> {
  const { EKS_SATELLITE_ALLOWED_SIGNERS: ofEnvironment } = environment;
  return pinRelease(host, {
    version,
    baseUrl: environment.EKS_SATELLITE_BASE_URL || DEFAULT_BASE_URL,
    isHttpAllowed: environment.EKS_SATELLITE_ALLOW_HTTP === "yes",
    isUnsignedAllowed: allowUnsigned,
    ...optional({ sumsFile: sums, signersFile: allowedSigners ?? (ofEnvironment || undefined) }),
  });
}

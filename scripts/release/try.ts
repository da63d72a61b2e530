// `--try`: is what was made whole, is it the same when it is made again, does it start on both processors, and do apt and npm take it?
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, SatelliteError } from "../../agent/errors.ts";
import { tryApt } from "./apt/trial.ts";
import type { Architecture } from "./architecture.ts";
import { prepareLaunch } from "./emulator.ts";
import { makeRelease, type ReleaseOptions } from "./release.ts";
import { makeTrialSigning, signChecksums, verifyChecksums } from "./signing.ts";
import { runTool } from "./tool.ts";

/**
 * Tries a release that lies in its output folder, and says of each trial what was shown, or what went wrong.
 * @returns the exit code: 0 when all was shown, 1 otherwise
 */
export async function tryRelease(release: ReleaseOptions, print: (line: string) => void): Promise<number> {
  const work = await mkdtemp(join(dirname(release.output), ".try-"));
  const trials: readonly (() => Promise<string>)[] = [
    () => tryChecksums(release.output),
    () => trySignature(release, work),
    ...release.architectures.map((architecture) => () => tryStart(release, architecture, work)),
    () => tryApt(release),
    () => tryNpm(release, work),
    () => tryAgain(release, work),
  ];
  let failures = 0;
  try {
    for (const trial of trials) {
      try {
        print(`✓ ${await trial()}`);
      } catch (error) {
        const { code, message, hint } = describe(error);
        failures += 1;
        print(`✗ ${code}: ${message}${hint === undefined ? "" : `\n  ${hint}`}`);
      }
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return failures === 0 ? 0 : 1;
}

async function tryChecksums(folder: string): Promise<string> {
  const lines = await runTool("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: folder });
  return `sha256sum --check SHA256SUMS: ${lines.split("\n").length} files as listed`;
}

/** Without a key of its own the release stays unsigned: nothing may be published that a key of a trial has signed. */
export async function trySignature({ output, signing }: ReleaseOptions, work: string): Promise<string> {
  const sums = await readFile(join(output, "SHA256SUMS"), "utf8");
  const { keys, allowedSigners } = signing ?? (await makeTrialSigning(work));
  const signature =
    signing === undefined
      ? await signChecksums(sums, { keys, allowedSigners }, work)
      : await readFile(join(output, "SHA256SUMS.sig"), "utf8");
  await verifyChecksums(sums, signature, { allowedSigners, work });
  const isTakenForOthers = await verifyChecksums(`${sums}\n`, signature, { allowedSigners, work }).then(
    () => true,
    () => false,
  );
  if (isTakenForOthers) {
    throw new SatelliteError("release-signature", "ssh-keygen takes the signature for other sums, too");
  }
  return signing === undefined
    ? "a key made for this trial signs SHA256SUMS, and ssh-keygen verifies it; the release itself is NOT signed"
    : `ssh-keygen verifies SHA256SUMS.sig by ${allowedSigners}`;
}

async function tryStart(
  { version, output }: ReleaseOptions,
  architecture: Architecture,
  work: string,
): Promise<string> {
  const name = `eks-satellite-${version}-linux-${architecture.name}`;
  await runTool("tar", ["--extract", "--gzip", "--file", join(output, `${name}.tar.gz`), "--directory", work]);
  const { prefix, how } = await prepareLaunch(architecture);
  const unpacked = join(work, name);
  const program = join(unpacked, "opt/eks-satellite/bin/node");
  const [command = program, ...args] = [...prefix, program, "--print", "[process.version, process.arch].join(' ')"];
  const node = await runTool(command, args);
  const said = await runLauncher(unpacked, prefix);
  if (said !== version || !node.endsWith(` ${architecture.nodeName}`)) {
    throw new SatelliteError("release-start", `${name}: eks-satellite says version ${said}, its Node ${node}`, {
      hint: `It should be version ${version} on ${architecture.nodeName}: see which Node was taken.`,
    });
  }
  return `${name}: eks-satellite says version ${said}, its Node ${node}, ${how}`;
}

/** Runs the launcher's `version` where it was unpacked: the same switches and variables as when it is installed. */
async function runLauncher(unpacked: string, prefix: readonly string[]): Promise<string> {
  const installed = await readFile(join(unpacked, "usr/local/bin/eks-satellite"), "utf8");
  const script = installed.replaceAll("=/opt/", '="$UNPACKED"/opt/').replace("exec ", "exec $PREFIX ");
  return await runTool("sh", ["-c", script, "eks-satellite", "version"], {
    environment: { UNPACKED: unpacked, PREFIX: prefix.join(" "), NODE_COMPILE_CACHE: join(unpacked, "cache") },
  });
}

/** As a laptop does: npm installs it, and needs no registry for it. */
async function tryNpm({ version, output }: ReleaseOptions, work: string): Promise<string> {
  const name = `eks-satellite-${version}.tgz`;
  const prefix = join(work, "npm");
  const cache = { environment: { npm_config_cache: join(work, "npm-cache") } };
  const options = ["--offline", "--no-audit", "--no-fund", "--prefix", prefix];
  await runTool("npm", ["install", ...options, join(output, name)], cache);
  const said = await runTool(process.execPath, [
    join(prefix, "node_modules/eks-satellite/bin/eks-satellite.mjs"),
    "version",
  ]);
  if (said !== version)
    throw new SatelliteError("release-start", `${name}: eks-satellite says version ${said}, not ${version}`, {
      hint: "See agent/version.ts, and scripts/release/npm.ts.",
    });
  return `${name}: npm installs it offline, and eks-satellite says version ${said}`;
}

async function tryAgain(release: ReleaseOptions, work: string): Promise<string> {
  const output = join(work, "again");
  await makeRelease({ ...release, output });
  const [first = "", second = ""] = await Promise.all(
    [release.output, output].map((folder) => readFile(join(folder, "SHA256SUMS"), "utf8")),
  );
  const differing = second.split("\n").filter((line) => !first.split("\n").includes(line));
  if (first !== second) {
    throw new SatelliteError("release-differs", `a second build gave other bytes: ${differing.join(", ")}`, {
      hint: "Compare the two with diffoscope; times, order and random values are the usual reasons.",
    });
  }
  return "a second build gave the same bytes";
}

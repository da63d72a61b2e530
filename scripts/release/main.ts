// `scripts/build --release`: reads the arguments, makes the release, says what was made and how large it is.
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describe, SatelliteError } from "../../agent/errors.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { sha256Of } from "./checksums.ts";
import { fetchNodePackage, type NodeFiles, readNodePin, unpackNode } from "./node-package.ts";
import { makeRelease, type ReleaseOptions } from "./release.ts";
import { sourceTimeSeconds } from "./source-time.ts";
import { runTool } from "./tool.ts";
import { tryRelease } from "./try.ts";
import { parseVersion } from "./version.ts";

const USAGE = `usage: scripts/build --release [--version V] [--try]
  --version V   instead of package.json's version, also in the program
  --try         build twice and compare; start the program of each tarball, through qemu where the processor differs
`;

const TOP = join(import.meta.dirname, "../..");
const OUTPUT = join(TOP, "dist/release");

/** sysexits(3) EX_USAGE. */
const EXIT_USAGE = 64;

async function main(args: readonly string[]): Promise<number> {
  const options = readArguments(args);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  const started = performance.now();
  const version = parseVersion(
    options.version ?? JSON.parse(await readFile(join(TOP, "package.json"), "utf8")).version,
  );
  const release: ReleaseOptions = {
    top: TOP,
    version,
    architectures: ARCHITECTURES,
    takeNode,
    timeSeconds: await sourceTimeSeconds(TOP, process.env),
    output: OUTPUT,
  };
  const names = await makeRelease(release);
  await warnOfChanges();
  for (const name of names) await reportFile(name);
  print(`made in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return options.try ? await tryRelease(release, print) : 0;
}

function readArguments(args: readonly string[]): { version?: string; try: boolean } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { version: { type: "string" }, try: { type: "boolean", default: false } },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${describe(error).message}\n`);
    return undefined;
  }
}

async function takeNode(architecture: Architecture, folder: string): Promise<NodeFiles> {
  const { EKS_SATELLITE_CACHE: cache = join(homedir(), ".cache/eks-satellite") } = process.env;
  const pin = await readNodePin(TOP, architecture);
  if (pin.integrity === undefined) {
    print(
      `! package-lock.json has no integrity of ${pin.name}@${pin.version}: npm's check of its download stands alone`,
    );
  }
  return await unpackNode(await fetchNodePackage(TOP, pin, join(cache, "node-packages")), pin.version, folder);
}

/** Packages of files that are in no commit cannot be made again by others. */
async function warnOfChanges(): Promise<void> {
  const changes = await runTool("git", ["status", "--porcelain", "--untracked-files=no"], { cwd: TOP }).catch(() => "");
  if (changes === "") return;
  print(`! ${changes.split("\n").length} files are not as in the last commit: others cannot make this again`);
}

async function reportFile(name: string): Promise<void> {
  const path = join(OUTPUT, name);
  const { size } = await stat(path);
  print(`${(await sha256Of(path)).slice(0, 16)}…  ${(size / 1e6).toFixed(2).padStart(6)} MB  dist/release/${name}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { code, message, hint } = describe(error);
  process.stderr.write(`${code}: ${message}\n${hint === undefined ? "" : `  ${hint}\n`}`);
  if (!(error instanceof SatelliteError)) process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
}

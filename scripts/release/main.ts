// `scripts/build --release`: reads the arguments, makes the release, says what was made and how large it is.
import { access, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { describe, SatelliteError } from "../../agent/errors.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { sha256Of } from "./checksums.ts";
import { type NodeFiles, takeLockedNode } from "./node-package.ts";
import { makeRelease, type ReleaseOptions } from "./release.ts";
import { runMain } from "./run-main.ts";
import { checkListed, type Signing } from "./signing.ts";
import { sourceTimeSeconds } from "./source-time.ts";
import { runTool } from "./tool.ts";
import { tryRelease } from "./try.ts";
import { parseVersion } from "./version.ts";

const USAGE = `usage: scripts/build --release [--version V] [--signing-key FILE] [--try]
  --version V          instead of package.json's version, also in the program
  --signing-key FILE   ed25519 key that signs SHA256SUMS, one of packaging/release-keys/allowed_signers; or its public half, when
                       an agent holds it; may be repeated; default: EKS_SATELLITE_SIGNING_KEY
  --try                build twice and compare; start the program of each tarball, through qemu where the processor differs
`;

const UNSIGNED = `
!  This release is NOT SIGNED: there is no SHA256SUMS.sig, and install.sh refuses it without --sha256 or --allow-unsigned.
!  --signing-key FILE or EKS_SATELLITE_SIGNING_KEY signs it: docs/development/release.md.
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
  const signing = await readSigning(options.signingKeys);
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
    ...(signing === undefined ? {} : { signing }),
  };
  const names = await makeRelease(release);
  await warnOfChanges();
  for (const name of names) await reportFile(name);
  print(`made in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const exitCode = options.try ? await tryRelease(release, print) : 0;
  if (signing === undefined) process.stderr.write(UNSIGNED);
  return exitCode;
}

interface Arguments {
  readonly version: string | undefined;
  readonly signingKeys: readonly string[];
  readonly try: boolean;
}

function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        version: { type: "string" },
        "signing-key": { type: "string", multiple: true, default: [] },
        try: { type: "boolean", default: false },
      },
    });
    return { version: values.version, signingKeys: values["signing-key"], try: values.try };
  } catch (error) {
    process.stderr.write(`${describe(error).message}\n`);
    return undefined;
  }
}

/** @throws SatelliteError `signing-key-missing`, `signing-key-unknown` before anything is built */
async function readSigning(given: readonly string[]): Promise<Signing | undefined> {
  const { EKS_SATELLITE_SIGNING_KEY: key = "" } = process.env;
  const keys = (given.length === 0 && key !== "" ? [key] : given).map((path) => resolve(path));
  for (const path of keys) {
    await access(path).catch((cause: unknown) => {
      throw new SatelliteError("signing-key-missing", `there is no key ${path}`, {
        hint: "--signing-key names a private key of ssh-keygen, or the public half of one that an agent holds.",
        cause,
      });
    });
  }
  if (keys.length === 0) return undefined;
  const signing = { keys, allowedSigners: join(TOP, "packaging/release-keys/allowed_signers") };
  await checkListed(signing);
  return signing;
}

async function takeNode(architecture: Architecture, folder: string): Promise<NodeFiles> {
  const { EKS_SATELLITE_CACHE: cache = join(homedir(), ".cache/eks-satellite") } = process.env;
  return await takeLockedNode(TOP, architecture, { cache: join(cache, "node-packages"), folder });
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

await runMain(main);

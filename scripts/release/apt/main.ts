// `scripts/build --apt`: adds a release to the apt repository, and signs it.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { describe } from "../../../agent/errors.ts";
import { ARCHITECTURES } from "../architecture.ts";
import { runMain } from "../run-main.ts";
import { verifyChecksums } from "../signing.ts";
import { runTool } from "../tool.ts";
import { listDebianPackages, makeRepository } from "./repository.ts";
import { parseFingerprint } from "./signature.ts";

const USAGE = `usage: scripts/build --apt FOLDER --key FINGERPRINT [--key FINGERPRINT] [--release FOLDER] [--allowed-signers FILE]
  FOLDER             the repository, made when missing; the packages that lie in it stay
  --key              a key of your gpg keyring; two sign while machines change over from one to the other
  --release          where the release is, with its SHA256SUMS, whose signature is verified where it has one; default dist/release
  --allowed-signers  keys that may have signed it; default packaging/release-keys/allowed_signers
`;

const TOP = join(import.meta.dirname, "../../..");

/** sysexits(3) EX_USAGE. */
const EXIT_USAGE = 64;

interface Arguments {
  readonly folder: string;
  readonly keys: readonly string[];
  readonly release: string;
  readonly allowedSigners: string;
}

async function main(args: readonly string[]): Promise<number> {
  const given = readArguments(args);
  if (given === undefined) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  const { folder, release } = given;
  const keys = given.keys.map(parseFingerprint);
  await checkRelease(given);
  const packages = await makeRepository({
    folder,
    packages: await listDebianPackages(release),
    architectures: ARCHITECTURES.map(({ name }) => name),
    signer: { keys },
    timeSeconds: Math.floor(Date.now() / 1000),
  });
  for (const { version, architecture } of packages) process.stdout.write(`${version} ${architecture}\n`);
  process.stdout.write(`${folder} is signed by ${keys.join(" and ")}\n`);
  return 0;
}

/** What is signed here is trusted by root of every machine: a file that was damaged, or that another one has put there, must not be. */
async function checkRelease({ release, allowedSigners }: Arguments): Promise<void> {
  await runTool("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], { cwd: release });
  const signature = await readFile(join(release, "SHA256SUMS.sig"), "utf8").catch(() => undefined);
  if (signature === undefined) return void process.stdout.write("! the release has no SHA256SUMS.sig\n");
  const work = await mkdtemp(join(tmpdir(), "apt-verify-"));
  try {
    const sums = await readFile(join(release, "SHA256SUMS"), "utf8");
    await verifyChecksums(sums, signature, { allowedSigners, work });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string", multiple: true, default: [] },
        release: { type: "string", default: join(TOP, "dist/release") },
        "allowed-signers": { type: "string", default: join(TOP, "packaging/release-keys/allowed_signers") },
      },
    });
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0 || values.key.length === 0) return undefined;
    const [release, allowedSigners] = [resolve(values.release), resolve(values["allowed-signers"])];
    return { folder: resolve(folder), keys: values.key, release, allowedSigners };
  } catch (error) {
    process.stderr.write(`${describe(error).message}\n`);
    return undefined;
  }
}

await runMain(main);

// gpg's part in an apt repository: the signatures below a Release file, and the public keys that verify them.
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SatelliteError } from "../../../agent/errors.ts";
import { runTool } from "../tool.ts";

/** Who signs. */
export interface Signer {
  /** Fingerprints; a second key signs beside the first while machines change over to it. */
  readonly keys: readonly string[];
  /** gpg's folder; the user's own when left out. */
  readonly home?: string;
}

const FINGERPRINT = /^[0-9A-F]{40}$/;

/**
 * Takes what a user names as a key: a whole fingerprint, for a shorter id, or a name, may be another key's too.
 * @throws SatelliteError `apt-key-invalid`
 */
export function parseFingerprint(text: string): string {
  const key = text.replaceAll(" ", "").toUpperCase();
  if (FINGERPRINT.test(key)) return key;
  throw new SatelliteError("apt-key-invalid", `${JSON.stringify(text)} is not a fingerprint of 40 hexadecimal digits`, {
    hint: "gpg --list-secret-keys --with-colons shows them, in the lines that begin with fpr.",
  });
}

/** @throws SatelliteError `apt-key-missing`, `tool-missing` */
export async function checkKeys(signer: Signer): Promise<void> {
  await runTool("gpg", ["--version"]);
  for (const key of signer.keys) {
    await gpg(signer, ["--list-secret-keys", key]).catch((cause: unknown) => {
      throw new SatelliteError("apt-key-missing", `gpg has no secret key ${key}`, {
        hint: "gpg --list-secret-keys shows those that it has; GNUPGHOME names another folder of keys.",
        cause,
      });
    });
  }
}

/**
 * Writes InRelease and Release.gpg beside a Release file; InRelease, by which apt learns of the rest, last.
 * @throws SatelliteError `tool-missing`, `tool-failed` with gpg's reason
 */
export async function signRelease(folder: string, signer: Signer): Promise<void> {
  const users = signer.keys.flatMap((key) => ["--local-user", key]);
  for (const [mode, name] of [
    [["--armor", "--detach-sign"], "Release.gpg"],
    [["--clear-sign"], "InRelease"],
  ] as const) {
    const target = join(folder, name);
    await gpg(signer, [...users, ...mode, "--output", `${target}.new`, join(folder, "Release")]);
    await rename(`${target}.new`, target);
  }
}

/** Writes the public keys, in the form that `signed-by=` takes as `….asc`. */
export async function exportKeys(path: string, signer: Signer): Promise<void> {
  await gpg(signer, [
    "--armor",
    "--export-options",
    "export-minimal",
    "--output",
    `${path}.new`,
    "--export",
    ...signer.keys,
  ]);
  await rename(`${path}.new`, path);
}

/** A key that lives until it is closed, for trials. */
export interface ThrowAwayKey extends Signer, AsyncDisposable {}

/** Makes a key without a passphrase in a folder of its own. */
export async function makeThrowAwayKey(): Promise<ThrowAwayKey> {
  // Short: gpg's agent has its socket there.
  const home = await mkdtemp(join(tmpdir(), "gpg-"));
  await gpg({ home }, [
    "--passphrase",
    "",
    "--quick-generate-key",
    "a trial <trial@eks-satellite.invalid>",
    "ed25519",
    "sign",
    "never",
  ]);
  const listed = await gpg({ home }, ["--list-secret-keys", "--with-colons"]);
  const [, key = ""] = /^fpr:+([0-9A-F]{40}):/m.exec(listed) ?? [];
  return {
    home,
    keys: [key],
    [Symbol.asyncDispose]: async () => {
      await runTool("gpgconf", ["--homedir", home, "--kill", "all"]);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The agent asks for a passphrase by itself, where there is one; the user's environment says how. */
async function gpg({ home }: Pick<Signer, "home">, args: readonly string[]): Promise<string> {
  const folder = home === undefined ? [] : ["--homedir", home];
  return await runTool("gpg", [...folder, "--batch", "--yes", "--no-tty", "--digest-algo", "SHA512", ...args], {
    environment: process.env,
  });
}

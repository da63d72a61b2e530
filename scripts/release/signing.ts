// The signature of SHA256SUMS, by ssh-keygen: one block for each key, of which each must be one that installers know.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SatelliteError } from "../../agent/errors.ts";
import { runTool } from "./tool.ts";

/** Principal and namespace of every signature of a release, as packaging/install.sh has them. */
export const SIGNER = "eks-satellite-release";

/** Who signs a release. */
export interface Signing {
  /** Paths of private keys; or of public ones, whose private halves an agent holds. While keys change there are two. */
  readonly keys: readonly string[];
  /** Path of the keys that installers know, in the format of ssh-keygen(1), ALLOWED SIGNERS. */
  readonly allowedSigners: string;
}

/**
 * Signs the text of SHA256SUMS.
 * @param work a folder for what is needed meanwhile
 * @returns the contents of SHA256SUMS.sig
 * @throws SatelliteError `signing-key-unknown` when a key is none that installers know; `tool-missing`, `tool-failed`
 */
export async function signChecksums(sums: string, { keys, allowedSigners }: Signing, work: string): Promise<string> {
  const blocks: string[] = [];
  for (const key of keys) {
    const block = await signWith(key, sums, work);
    await verifyChecksums(sums, block, { allowedSigners, work }).catch((cause: unknown) => {
      throw unknownKey(key, allowedSigners, cause);
    });
    blocks.push(block);
  }
  return blocks.join("");
}

/**
 * Refuses a key whose public half lies beside it, and is not in the list: a build takes a minute, and this none.
 * @throws SatelliteError `signing-key-unknown`
 */
export async function checkListed({ keys, allowedSigners }: Signing): Promise<void> {
  const words = (await readFile(allowedSigners, "utf8")).split(/\s+/);
  for (const key of keys) {
    const publicHalf = await readFile(key.endsWith(".pub") ? key : `${key}.pub`, "utf8").catch(() => undefined);
    const [, value = ""] = publicHalf?.split(" ") ?? [];
    if (publicHalf !== undefined && !words.includes(value)) throw unknownKey(key, allowedSigners);
  }
}

function unknownKey(key: string, allowedSigners: string, cause?: unknown): SatelliteError {
  return new SatelliteError("signing-key-unknown", `${key} is none of the valid keys of ${allowedSigners}`, {
    hint: "No installer would take this release: see docs/development/release.md for how a key is added.",
    cause,
  });
}

/**
 * Verifies the first block of a signature, as ssh-keygen does by hand.
 * @throws SatelliteError `tool-failed` when it is by no key of the list, or of other sums
 */
export async function verifyChecksums(
  sums: string,
  signature: string,
  { allowedSigners, work }: { readonly allowedSigners: string; readonly work: string },
): Promise<void> {
  const file = join(await mkdtemp(join(work, "verify-")), "SHA256SUMS.sig");
  await writeFile(file, signature);
  const args = ["-Y", "verify", "-f", allowedSigners, "-I", SIGNER, "-n", SIGNER, "-s", file];
  await runTool("ssh-keygen", args, { input: sums });
}

/** Makes a key that lives as long as the folder does. */
export async function makeTrialSigning(folder: string): Promise<Signing> {
  const key = join(await mkdtemp(join(folder, "key-")), "key");
  await runTool("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "made for a trial", "-f", key]);
  const allowedSigners = `${key}.allowed_signers`;
  await writeFile(allowedSigners, renderSigner(await readFile(`${key}.pub`, "utf8")));
  return { keys: [key], allowedSigners };
}

/** A line of a list of allowed signers: the key may sign releases alone. */
export function renderSigner(publicKey: string, limits: readonly string[] = []): string {
  return `${SIGNER} ${[`namespaces="${SIGNER}"`, ...limits].join(",")} ${publicKey.trim()}\n`;
}

/** A key with a passphrase asks for it on the terminal, unless an agent holds it. */
async function signWith(key: string, sums: string, work: string): Promise<string> {
  const file = join(await mkdtemp(join(work, "sign-")), "SHA256SUMS");
  await writeFile(file, sums);
  const { SSH_AUTH_SOCK, TERM } = process.env;
  await runTool("ssh-keygen", ["-Y", "sign", "-f", key, "-n", SIGNER, file], { environment: { SSH_AUTH_SOCK, TERM } });
  return await readFile(`${file}.sig`, "utf8");
}

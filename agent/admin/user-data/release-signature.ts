// The signature of a release's SHA256SUMS, verified without ssh-keygen: a laptop may have none.
// The formats: PROTOCOL.sshsig of OpenSSH, and ssh-keygen(1), ALLOWED SIGNERS.
import { createHash, createPublicKey, verify } from "node:crypto";
import { SatelliteError } from "../../errors.ts";

/** Principal and namespace of every signature of a release. */
const SIGNER = "eks-satellite-release";
/** Namespace, key and hash are a few hundred bytes; while keys change there are two signatures. */
const BLOCK = /-----BEGIN SSH SIGNATURE-----([A-Za-z0-9+/=\s]{1,4000})-----END SSH SIGNATURE-----/g;
const MAX_BLOCKS = 8;
const MAGIC = "SSHSIG";
const VERSION = 1;
const KEY_TYPE = "ssh-ed25519";
const HASHES = ["sha256", "sha512"];

/** What has to be verified. */
export interface SignedSums {
  readonly sums: string;
  /** Where the checksums are from, for messages. */
  readonly where: string;
  readonly signature: string;
  /** Lines of a list of allowed signers, and what list that is. */
  readonly signers: readonly string[];
  readonly signersOf: string;
  readonly now: Date;
}

/**
 * Verifies that a key of the list, valid now, has signed the checksums.
 * @throws SatelliteError release-signature-invalid, release-key-unknown, release-key-outdated
 */
export function verifySums({ sums, where, signature, signers, signersOf, now }: SignedSums): void {
  const keys = signers.flatMap((line) => parseSigner(line) ?? []);
  const blocks = Array.from(signature.matchAll(BLOCK), ([, body = ""]) => parseBlock(body)).slice(0, MAX_BLOCKS);
  const intact = blocks.filter((block) => block !== undefined).filter((block) => isSignatureOf(block, sums));
  const known = keys.filter(({ key }) => intact.some((block) => block.key.equals(key)));
  if (known.some((signer) => isValidAt(signer, now))) return;
  const [first] = intact;
  if (first === undefined) throw notOfSums(where, blocks.length === 0);
  const fingerprint = `SHA256:${createHash("sha256").update(first.key).digest("base64").replace(/=+$/, "")}`;
  if (known.length === 0) {
    throw new SatelliteError(
      "release-key-unknown",
      `${where} is signed by ${fingerprint}, which is none of the keys of ${signersOf}`,
      {
        hint: "A newer eks-satellite here may know the key. --allowed-signers FILE names keys, --allow-unsigned is for an own build.",
      },
    );
  }
  throw new SatelliteError(
    "release-key-outdated",
    `${where} is signed by ${fingerprint}, which ${signersOf} limits to another time than ${now.toISOString()}`,
    { hint: "A newer eks-satellite here may know the key that follows. --allowed-signers FILE names keys." },
  );
}

function notOfSums(where: string, isNone: boolean): SatelliteError {
  const problem = isNone ? `${where}.sig is no signature` : `${where}.sig is no signature of ${where}`;
  return new SatelliteError("release-signature-invalid", problem, {
    hint: "One of the two was altered, or is of another release. A page in its place comes from a proxy or a login of the network.",
  });
}

interface Signer {
  /** As in the wire format. */
  readonly key: Buffer;
  readonly after: string | undefined;
  readonly before: string | undefined;
}

/** A line of the list, when its key may sign releases; lines of other principals, namespaces and kinds of keys are none. */
function parseSigner(line: string): Signer | undefined {
  const found = /^(\S{1,1000})\s+(?:(\S{1,1000})\s+)?ssh-ed25519\s+([A-Za-z0-9+/=]{1,200})(?:\s|$)/.exec(line);
  if (found === null) return undefined;
  const [, principals = "", options = "", key = ""] = found;
  const value = (name: string) => new RegExp(`(?:^|,)${name}="([^"]{0,200})"`).exec(options)?.[1];
  const namespaces = value("namespaces")?.split(",");
  if (!principals.split(",").includes(SIGNER) || options.includes("cert-authority")) return undefined;
  if (namespaces !== undefined && !namespaces.includes(SIGNER)) return undefined;
  return { key: Buffer.from(key, "base64"), after: value("valid-after"), before: value("valid-before") };
}

function isValidAt({ after, before }: Signer, now: Date): boolean {
  const digits = now.toISOString().replaceAll(/\D/g, "").slice(0, 14);
  const padded = (time: string) => time.replace(/Z$/, "").padEnd(14, "0");
  return (after === undefined || digits >= padded(after)) && (before === undefined || digits < padded(before));
}

interface SignatureBlock {
  readonly key: Buffer;
  readonly hash: string;
  readonly signature: Buffer;
}

/** A block of an ed25519 key for releases; anything else is none. */
function parseBlock(body: string): SignatureBlock | undefined {
  const bytes = Buffer.from(body, "base64");
  if (bytes.subarray(0, MAGIC.length).toString() !== MAGIC || bytes.length < 10) return undefined;
  if (bytes.readUInt32BE(MAGIC.length) !== VERSION) return undefined;
  const [key, namespace, , hash, signature] = splitStrings(bytes.subarray(MAGIC.length + 4));
  const [type, value] = splitStrings(signature);
  if (key === undefined || value === undefined || hash === undefined) return undefined;
  if (namespace?.toString() !== SIGNER || type?.toString() !== KEY_TYPE) return undefined;
  return HASHES.includes(hash.toString()) ? { key, hash: hash.toString(), signature: value } : undefined;
}

function isSignatureOf({ key, hash, signature }: SignatureBlock, text: string): boolean {
  const [type, point] = splitStrings(key);
  if (type?.toString() !== KEY_TYPE || point?.length !== 32) return false;
  const jwk = { kty: "OKP", crv: "Ed25519", x: point.toString("base64url") };
  const digest = createHash(hash).update(text).digest();
  const signed = Buffer.concat([Buffer.from(MAGIC), ...[SIGNER, "", hash, digest].map(lengthPrefixed)]);
  return verify(null, signed, createPublicKey({ key: jwk, format: "jwk" }), signature);
}

/** The strings of SSH's wire format, each behind its length; what is cut off is left out. */
function splitStrings(bytes: Buffer | undefined): readonly Buffer[] {
  const strings: Buffer[] = [];
  let rest = bytes ?? Buffer.alloc(0);
  while (rest.length >= 4) {
    const end = 4 + rest.readUInt32BE(0);
    if (end > rest.length) break;
    strings.push(rest.subarray(4, end));
    rest = rest.subarray(end);
  }
  return strings;
}

function lengthPrefixed(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

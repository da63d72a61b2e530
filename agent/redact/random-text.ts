// Tells random text, as keys and tokens are, from names: names consist of words and numbers.

/** A run of base64 or base64url, with its padding. */
export const BASE64_RUN = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{32,16384}={0,2}/g;

/** Words, numbers, hexadecimal digests and UUIDs. */
const ORDERED = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,128}|[A-Z]?[a-z]{3,64}|[A-Z]{4,64}|\d{4,64}/g;
/** Of 10,000 random texts of 40 characters 3 look more ordered; in names it is nearly all of them. */
const MAX_ORDERED = 0.7;
/** In random text a separator comes after 32 characters on average. A text with more is a path or a name of several parts. */
const MIN_PART_LENGTH = 12;
/** A shorter part of such a name may be a code of its own. */
const MIN_JUDGED_LENGTH = 16;

/** A secret access key of AWS has exactly 40 characters. */
const AWS_SECRET = /^[A-Za-z0-9+/]{40}$/;

/** Whether a run of base64 is random, or holds a private key. A certificate is public. */
export function isRandom(run: string): boolean {
  if (/^LS0tLS1CRUdJTi/.test(run)) return isEncodedKey(run);
  if (!/[a-z]/.test(run) || !/[A-Z]/.test(run) || !/\d/.test(run)) return false;
  const parts = run.split(/[/_-]/);
  if (AWS_SECRET.test(run) || parts.length - 1 <= run.length / MIN_PART_LENGTH) return isUnordered(run);
  return parts.some((part) => part.length >= MIN_JUDGED_LENGTH && isUnordered(part));
}

function isUnordered(text: string): boolean {
  let length = 0;
  for (const [part] of text.matchAll(ORDERED)) length += part.length;
  return length < MAX_ORDERED * text.length;
}

/** The base64 of "-----BEGIN", decoded as far as it goes. */
function isEncodedKey(run: string): boolean {
  const text = Buffer.from(run, "base64").toString();
  return !/^-----BEGIN [A-Z ]{0,40}(?:CERTIFICATE|PUBLIC KEY)/.test(text) || text.includes("PRIVATE");
}

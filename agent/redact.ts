// Removes secrets from text that leaves the machine. A known secret is removed wherever it stands, in every spelling; what looks
// like a secret is removed too: a bug report loses little by one word too many.

/** A value that must not leave the machine, and the name that replaces it. */
export interface KnownSecret {
  readonly name: string;
  readonly value: string;
}

/** Removes secrets, and counts them. */
export interface Redactor {
  /** Text of any kind: a log, a program's output. */
  text(text: string): string;
  /** A parsed document: values below a key that names a secret, and secrets within every other string. */
  tree(value: unknown): unknown;
  readonly count: number;
}

/** Shorter ones would be found in ordinary words. */
const MIN_LENGTH = 8;

/** The ends of names of keys, variables and headers whose values are secret. */
const SECRET_NAME =
  "(?:secret|secret[_-]?(?:access[_-]?)?key|password|passwd|passphrase|token|credential|api[_-]?key|private[_-]?key|client-key-data|signature|authorization|cookie|pwd|(?<![a-z])auth)";
const SECRET_KEY = new RegExp(`${SECRET_NAME}$`, "i");

/** What stands for a value on the line of its name: quoted, or up to the next blank or separator; a scheme in front belongs to it. */
const VALUE = `(?:(?:Bearer|Basic|AWS4-HMAC-SHA256)\\s+)?(?:\\\\?"(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s,;&"'{}[\\]()][^\\s,;&"'}\\])]*)`;

interface Pattern {
  readonly name: string;
  readonly regex: RegExp;
  /** What stays of the match: its groups `keep` and `tail`. */
  readonly groups?: true;
}

/** Also a key that is cut off, and one whose line ends are written as \n. */
const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:[A-Za-z0-9+/=\s:,-]|\\n|\\r)*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----|$)/g;

const PATTERNS: readonly Pattern[] = [
  { name: "EKS token", regex: /k8s-aws-v1\.[\w-]+/g },
  { name: "JSON web token", regex: /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g },
  {
    name: "signature",
    regex: /(?<keep>X-Amz-(?:Signature|Security-Token|Credential)(?:=|%3D))[^&\s"'\\]+/gi,
    groups: true,
  },
  { name: "access key", regex: /\b(?<keep>A[KS]IA)[A-Z0-9]{8,}(?<tail>[A-Z0-9]{4})\b/g, groups: true },
  { name: "password", regex: /(?<keep>\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"']+(?<tail>@)/gi, groups: true },
  {
    name: "value",
    regex: new RegExp(`(?<keep>${SECRET_NAME}\\\\?["']?[ \\t]*[:=][ \\t]*)${VALUE}`, "gi"),
    groups: true,
  },
  { name: "value", regex: /(?<keep>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}/g, groups: true },
];

/** A value that was removed as a whole, under a better name. */
const TAKEN_OUT = /^\\?["']?\[redacted: [^\]]*\]\\?["']?$/;

/** Creates a redactor that knows these secrets. */
export function createRedactor(secrets: readonly KnownSecret[]): Redactor {
  let count = 0;
  const spellings = listSpellings(secrets);
  const hide: Hide = (name) => {
    count += 1;
    return `[redacted: ${name}]`;
  };
  const text = (original: string) => {
    // Before its lines are found one by one: the last may be too short to be known.
    let safe = original.replaceAll(PRIVATE_KEY, () => hide("private key"));
    for (const { name, spelling } of spellings) safe = safe.replaceAll(spelling, () => hide(name));
    for (const pattern of PATTERNS) safe = hideMatches(safe, pattern, hide);
    return safe;
  };
  const tree = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(tree);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, SECRET_KEY.test(key) && isLeaf(part) ? hide(key) : tree(part)]),
    );
  };
  return {
    text,
    tree,
    get count() {
      return count;
    },
  };
}

/** Counts a secret, and returns what stands in its place. */
type Hide = (name: string) => string;

/** Every spelling of every secret, the longest first: a secret that holds another one must not lose its middle alone. */
function listSpellings(secrets: readonly KnownSecret[]) {
  return secrets
    .filter(({ value }) => value.length >= MIN_LENGTH)
    .flatMap(({ name, value }) => spellingsOf(value).map((spelling) => ({ name, spelling })))
    .toSorted((one, other) => other.spelling.length - one.spelling.length);
}

function hideMatches(text: string, { name, regex, groups }: Pattern, hide: Hide): string {
  return text.replaceAll(regex, (match: string, ...rest: unknown[]) => {
    if (groups === undefined) return hide(name);
    const { keep = "", tail = "" } = rest.at(-1) as Readonly<Record<string, string>>;
    const value = match.slice(keep.length, match.length - tail.length);
    return TAKEN_OUT.test(value) ? match : `${keep}${hide(name)}${tail}`;
  });
}

/** A table below such a key has keys of its own that say which of its values are secret. */
function isLeaf(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isLeaf);
  return typeof value === "string" || typeof value === "number";
}

/** A secret as it is, in a URL, in JSON, and as base64 with and without what stands around it. */
function spellingsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const encoded = [0, 1, 2].flatMap((offset) =>
    (["base64", "base64url"] as const).map((encoding) => base64Core(bytes, offset, encoding)),
  );
  const spellings = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...encoded];
  return [...new Set(spellings)].filter((spelling) => spelling.length >= MIN_LENGTH);
}

/** The part of the base64 of some text with this value in it that follows from the value alone, at each of the three alignments. */
function base64Core(bytes: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const whole = Math.floor((bytes.length - offset) / 3) * 3;
  return bytes.subarray(offset, offset + whole).toString(encoding);
}

// Removes secrets from text that leaves the machine. A known secret is removed wherever it stands, in every spelling; what looks
// like a secret is removed too: a bug report loses little by one word too many.
import { cutText, withoutControls } from "../foreign-text.ts";
import { hideUserInfo } from "./addresses.ts";
import { withoutEscapes } from "./escapes.ts";
import { createBlockHider } from "./key-blocks.ts";
import { createKnownHider } from "./known-spellings.ts";
import { ANONYMOUS_VALUES, KNOWN_TOKENS } from "./line-patterns.ts";
import { isSecretName, NAMED_VALUES } from "./named-values.ts";
import { type Hide, hideMatches, type KnownSecret, type Pattern } from "./redaction.ts";

/** Removes secrets, and counts them. */
export interface Redactor {
  /** Text of any kind: a log, a program's output. Lines are cut at 16 KiB, and lose control characters. */
  text(text: string): string;
  /** A parsed document: values below a key that names a secret, and secrets within every other string. */
  tree(value: unknown): unknown;
  readonly count: number;
}

/** Our own mark for the end of a line. */
const MARK = " ⏎ ";
const EMPTY_LINES = /\n{3,}/g;
/** In a shorter line there is no room for a name and a value. */
const MIN_LINE_LENGTH = 6;

const PATTERNS: readonly Pattern[] = [...KNOWN_TOKENS, ...NAMED_VALUES, ...ANONYMOUS_VALUES];

/** Creates a redactor that knows these secrets. */
export function createRedactor(secrets: readonly KnownSecret[]): Redactor {
  let count = 0;
  const hide: Hide = (name) => {
    count += 1;
    return `[redacted: ${name}]`;
  };
  const hideKnown = createKnownHider(secrets, hide);
  // Blocks first: the last line of a key may be too short to be known.
  const text = (original: string) => {
    const publicLines = new Set<string>();
    const hideBlock = createBlockHider(hide, publicLines);
    const withoutBlocks = mapLines(withoutControls(original).replaceAll(EMPTY_LINES, "\n\n"), (line) =>
      hideBlock(cutText(line)),
    );
    return mapLines(hideKnown(withoutBlocks), (line) =>
      line.length < MIN_LINE_LENGTH || publicLines.has(line) ? line : hideOnLine(line, hideKnown, hide),
    );
  };
  const tree = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(tree);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const isNamed = entries.some(([key, name]) => /^(?:name|key)$/i.test(key) && isSecretName(String(name)));
    const isSecret = (key: string) => isSecretName(key) || (isNamed && /^value$/i.test(key));
    return Object.fromEntries(
      entries.map(([key, part]) => [key, isSecret(key) && isLeaf(part) ? hide(key) : tree(part)]),
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

/** A table below such a key has keys of its own that say which of its values are secret. */
function isLeaf(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isLeaf);
  return typeof value === "string" || typeof value === "number";
}

/** Changes each line, also those that our mark separates, and leaves out those that become undefined. */
function mapLines(text: string, change: (line: string) => string | undefined): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const changed = line.includes(MARK) ? changeParts(line, change) : change(line);
    if (changed !== undefined) lines.push(changed);
  }
  return lines.join("\n");
}

function changeParts(line: string, change: (line: string) => string | undefined): string | undefined {
  const kept = line
    .split(MARK)
    .map(change)
    .filter((part) => part !== undefined);
  return kept.length === 0 ? undefined : kept.join(MARK);
}

/** Also what is written with escapes; the line is then shown without them. */
function hideOnLine(line: string, hideKnown: (text: string) => string, hide: Hide): string {
  const safe = hidePatterns(line, hide);
  const plain = withoutEscapes(safe);
  if (plain === safe) return safe;
  const safer = hidePatterns(hideKnown(plain), hide);
  return safer === plain ? safe : safer;
}

function hidePatterns(line: string, hide: Hide): string {
  let safe = hideUserInfo(line, hide);
  for (const pattern of PATTERNS) safe = hideMatches(safe, pattern, hide);
  return safe;
}

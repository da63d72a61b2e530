// Finds known secrets in every spelling, also where one goes over several lines.
import type { Hide, KnownSecret } from "./redaction.ts";

/** Shorter ones would be found in ordinary words. */
const MIN_LENGTH = 8;
/** Shorter ones are not broken over lines. */
const MIN_BROKEN_LENGTH = 20;
const MARK = "⏎".charCodeAt(0);

interface Spelling {
  readonly name: string;
  readonly spelling: string;
}

/** Removes every spelling of every secret, the longest first: a secret that holds another one must not lose its middle alone. */
export function createKnownHider(secrets: readonly KnownSecret[], hide: Hide): (text: string) => string {
  const spellings: readonly Spelling[] = secrets
    .filter(({ value }) => value.length >= MIN_LENGTH)
    .flatMap(({ name, value }) => spellingsOf(value).map((spelling) => ({ name, spelling })))
    .toSorted((one, other) => other.spelling.length - one.spelling.length);
  const broken = spellings.filter(({ spelling }) => spelling.length >= MIN_BROKEN_LENGTH);
  return (text) => {
    let safe = text;
    for (const { name, spelling } of spellings) safe = safe.replaceAll(spelling, () => hide(name));
    return broken.length === 0 ? safe : hideBroken(safe, broken, hide);
  };
}

/** Looks for the spellings in the text without its breaks, and hides all that a found one spans. */
function hideBroken(text: string, spellings: readonly Spelling[], hide: Hide): string {
  const { joined, positions } = withoutBreaks(text);
  if (joined.length === text.length) return text;
  const spans: { from: number; to: number; name: string }[] = [];
  for (const { name, spelling } of spellings) {
    const compact = withoutBreaks(spelling).joined;
    for (let at = joined.indexOf(compact); at >= 0; at = joined.indexOf(compact, at + compact.length)) {
      const [from, last] = [positions[at] ?? 0, positions[at + compact.length - 1] ?? 0];
      if (!spans.some((span) => from < span.to && last >= span.from)) spans.push({ from, to: last + 1, name });
    }
  }
  let safe = text;
  for (const { from, to, name } of spans.toSorted((one, other) => other.from - one.from))
    safe = safe.slice(0, from) + hide(name) + safe.slice(to);
  return safe;
}

function withoutBreaks(text: string): { readonly joined: string; readonly positions: Uint32Array } {
  const positions = new Uint32Array(text.length);
  const parts: string[] = [];
  let length = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (!isBreak(text.charCodeAt(index))) {
      positions[length++] = index;
      continue;
    }
    if (index > start) parts.push(text.slice(start, index));
    start = index + 1;
  }
  parts.push(text.slice(start));
  return { joined: parts.join(""), positions };
}

/** What does not count between the parts of a broken secret: blanks, ends of lines, and our mark for one. */
function isBreak(code: number): boolean {
  return code <= 0x20 || code === MARK;
}

/** A secret as it is, in a URL, in JSON, in hexadecimal, and as base64 with and without what stands around it. */
function spellingsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const encoded = [0, 1, 2].flatMap((offset) =>
    (["base64", "base64url"] as const).map((encoding) => base64Core(bytes, offset, encoding)),
  );
  const json = JSON.stringify(value).slice(1, -1);
  const inUrl = [encodeURIComponent(value), encodeURI(value), encodeURIComponent(encodeURIComponent(value))];
  const spellings = [value, ...inUrl, json, JSON.stringify(json).slice(1, -1), hex, hex.toUpperCase(), ...encoded];
  return [...new Set(spellings)].filter((spelling) => spelling.length >= MIN_LENGTH);
}

/** The part of the base64 of some text with this value in it that follows from the value alone, at each of the three alignments. */
function base64Core(bytes: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const whole = Math.floor((bytes.length - offset) / 3) * 3;
  return bytes.subarray(offset, offset + whole).toString(encoding);
}

// Paths that match a pattern, as Go's filepath.Glob finds them: `*`, `?` and classes in every part of a path, names in order.
// https://pkg.go.dev/path/filepath#Match
import type { Host } from "../host/host.ts";

/** One sign of a pattern: any number of characters, or one that a test accepts. */
type Sign = "any-number" | ((character: string) => boolean);

/** The paths that exist, in the order of their names; none for a pattern that is malformed. */
export async function expandGlob(host: Host, pattern: string): Promise<readonly string[]> {
  let folders: readonly string[] = [""];
  for (const part of pattern.split("/").filter((name) => name !== "")) {
    const signs = parsePattern(part);
    if (signs === undefined) return [];
    const found = /[*?[\\]/.test(part)
      ? await Promise.all(folders.map((folder) => listMatching(host, folder, signs)))
      : folders.map((folder) => [`${folder}/${part}`]);
    folders = found.flat();
  }
  return folders;
}

async function listMatching(host: Host, folder: string, signs: readonly Sign[]): Promise<readonly string[]> {
  const names = await host.files.list(folder === "" ? "/" : folder).catch(() => []); // A file is no folder.
  return names.filter((name) => matches(signs, name)).map((name) => `${folder}/${name}`);
}

/** The signs of one part of a path, undefined when it is malformed. */
function parsePattern(pattern: string): readonly Sign[] | undefined {
  const characters = [...pattern];
  const signs: Sign[] = [];
  while (characters.length > 0) {
    const sign = parseSign(characters);
    if (sign === undefined) return undefined;
    signs.push(sign);
  }
  return signs;
}

/** Takes one sign off the front. */
function parseSign(characters: string[]): Sign | undefined {
  const first = characters.shift();
  if (first === "*") return "any-number";
  if (first === "?") return () => true;
  if (first === "[") return parseClass(characters);
  const literal = first === "\\" ? characters.shift() : first;
  return literal === undefined ? undefined : (character) => character === literal;
}

/** The rest of `[a-z]` or `[^a-z]`. */
function parseClass(characters: string[]): Sign | undefined {
  const isNegated = characters[0] === "^";
  if (isNegated) characters.shift();
  const ranges: (readonly [string, string])[] = [];
  while (characters[0] !== "]" || ranges.length === 0) {
    const low = takeLiteral(characters);
    if (characters[0] === "-") characters.shift();
    else if (low !== undefined) {
      ranges.push([low, low]);
      continue;
    }
    const high = takeLiteral(characters);
    if (low === undefined || high === undefined) return undefined;
    ranges.push([low, high]);
  }
  characters.shift();
  return (character) => ranges.some(([low, high]) => low <= character && character <= high) !== isNegated;
}

function takeLiteral(characters: string[]): string | undefined {
  const first = characters.shift();
  if (first === "-" || first === "]") return undefined;
  return first === "\\" ? characters.shift() : first;
}

/** Tries the last `*` again with one character more whenever the rest does not fit: time grows with pattern × name at most. */
function matches(signs: readonly Sign[], name: string): boolean {
  const characters = [...name];
  let [at, sign] = [0, 0];
  let retry: { at: number; readonly sign: number } | undefined;
  while (at < characters.length) {
    const test = signs[sign];
    if (test === "any-number") {
      retry = { at, sign };
      sign += 1;
    } else if (test?.(characters[at] ?? "") === true) {
      at += 1;
      sign += 1;
    } else {
      if (retry === undefined) return false;
      retry.at += 1;
      at = retry.at;
      sign = retry.sign + 1;
    }
  }
  return signs.slice(sign).every((rest) => rest === "any-number");
}

// The words that the steps of a redaction share.

/** A value that must not leave the machine, and the name that replaces it. */
export interface KnownSecret {
  readonly name: string;
  readonly value: string;
}

/** Counts a secret, and returns what stands in its place. */
export type Hide = (name: string) => string;

/** Finds secrets of one kind on a line. Its groups `keep` and `tail` stay. */
export interface Pattern {
  readonly name: string;
  readonly regex: RegExp;
  /** Whether a match is a secret after all. */
  readonly isSecret?: (value: string) => boolean;
}

/** A value that was removed as a whole, under a better name, or the first word of what stands for one. */
const TAKEN_OUT = /^\\{0,8}["']?\[redacted:(?: [^\]]{1,200}\]\\{0,8}["']?)?$/;

/** Removes what a pattern finds. */
export function hideMatches(line: string, { name, regex, isSecret }: Pattern, hide: Hide): string {
  return line.replaceAll(regex, (match: string, ...rest: unknown[]) => {
    const groups = rest.at(-1);
    const { keep = "", tail = "" } = (typeof groups === "object" ? groups : {}) as Readonly<Record<string, string>>;
    const value = match.slice(keep.length, match.length - tail.length);
    if (value === "" || TAKEN_OUT.test(value) || isSecret?.(value) === false) return match;
    return `${keep}${hide(name)}${tail}`;
  });
}

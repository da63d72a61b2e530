// What the program says of one of its words: the shape that all kinds share.

export const KINDS = ["condition", "reason", "error", "check", "event", "xid"] as const;
export type Kind = (typeof KINDS)[number];

/** A message as it stands in the sources: words in capitals stand for values, and … for what depends on the case. */
export interface Wording {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface Explanation {
  readonly kind: Kind;
  readonly name: string;
  /** Other words for the same. */
  readonly aliases: readonly string[];
  readonly meaning: string;
  /** Each a sentence. */
  readonly details: readonly string[];
  readonly todo?: string;
  readonly ask?: string;
  /** What shows more: commands, or a sentence with them. */
  readonly more?: string;
  /** The errors behind a reason. */
  readonly wordings: readonly Wording[];
  /** Names that belong to it, each of which has an explanation too. */
  readonly see: readonly string[];
}

/** Makes an explanation of what there is to say. */
export function explanation(given: Pick<Explanation, "kind" | "name" | "meaning"> & Partial<Explanation>): Explanation {
  return { aliases: [], details: [], wordings: [], see: [], ...given };
}

// The word that a person meant by a misspelt one.
import { closest, distance } from "fastest-levenshtein";

/** A word further away than this is another word, not a slip. */
const MAX_SLIPS = 4;
/** No known word is longer. */
const MAX_LENGTH = 60;

/** Finds the known word that is nearest, whatever its case; undefined when none is near. */
export function findNearest(word: string, known: readonly string[], maxSlips = MAX_SLIPS): string | undefined {
  if (known.length === 0 || word.length > MAX_LENGTH) return undefined;
  const lower = known.map((each) => each.toLowerCase());
  const found = closest(word.toLowerCase(), lower);
  return distance(word.toLowerCase(), found) <= maxSlips ? known[lower.indexOf(found)] : undefined;
}

// Finds what a person means by a word, whatever its case and however its parts are joined.
import { SatelliteError } from "../errors.ts";
import { cutText } from "../foreign-text.ts";
import { findNearest } from "../nearest.ts";
import type { Explanation } from "./explanation.ts";

const MAX_SHOWN = 60;
/** Node.js' own codes: the message has all there is. */
const SYSTEM_CODE = /^E[A-Z0-9]{2,20}$/;
/** `GpuXid79` and `NvswitchSxid20034` are reasons with a number. */
const NUMBERED = /^(.*[a-z])(\d{1,6})$/;

/** Finds every explanation of a word: a condition, a reason and a check may share one. @throws explain-unknown with the nearest names */
export function findExplanations(word: string, all: readonly Explanation[]): readonly Explanation[] {
  const isNamed = (key: string) =>
    all.filter(({ name, aliases }) => [name, ...aliases].some((own) => keyOf(own) === key));
  const key = SYSTEM_CODE.test(word) ? "unexpected" : keyOf(word).replace(/^sxid/, "nvswitchsxid");
  const found = isNamed(key);
  if (found.length > 0) return found;
  const [, stem = "", number = ""] = NUMBERED.exec(key) ?? [];
  const numbered = stem === "" ? [] : isNamed(stem);
  if (numbered.length === 0) throw unknownWord(word, all);
  return /^(?:gpu)?xid$/.test(stem) ? [...numbered, ...isNamed(number)] : numbered;
}

/** `cluster-not-found`, `ClusterNotFound` and `clusternotfound` are one. */
function keyOf(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

function unknownWord(word: string, all: readonly Explanation[]): SatelliteError {
  const names = all.flatMap(({ name, aliases }) => [name, ...aliases]);
  const nearest = findNearest(word, names);
  const question = nearest === undefined ? "" : `Did you mean ${nearest}? `;
  return new SatelliteError(
    "explain-unknown",
    `there is no condition, reason, error, check, event or Xid ${cutText(word, MAX_SHOWN)}`,
    {
      hint: `${question}eks-satellite explain lists every name.`,
    },
  );
}

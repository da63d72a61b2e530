// What is going to be changed: shown first, made when somebody has said yes.
import { createTwoFilesPatch } from "diff";

/** One thing that would be changed. */
export interface Change {
  /** What it is, e.g. `access entry of arn:aws:iam::…`. */
  readonly target: string;
  readonly action: "create" | "update" | "delete";
  /** A unified diff. */
  readonly diff: string;
  /** Makes it; `print` tells of what a reader should know meanwhile. */
  apply(print: (line: string) => void): Promise<void>;
}

/** All that would be changed, in order, and what there is to know besides. */
export interface ChangePlan {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** A unified diff of two texts; a side that is not there is undefined. */
export function diffOf(name: string, before: string | undefined, after: string | undefined): string {
  const side = (text: string | undefined) => (text === undefined ? "/dev/null" : name);
  const patch = createTwoFilesPatch(side(before), side(after), before ?? "", after ?? "", "", "", { context: 3 });
  return patch.slice(patch.indexOf("--- ")).replaceAll(/^((?:---|\+\+\+) .*)\t$/gm, "$1");
}

/** A document as a reader compares it. */
export function pretty(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

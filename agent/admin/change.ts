// Planned changes: they are shown first, and applied after the user has confirmed them.
import { createTwoFilesPatch } from "diff";

/** One thing that would be changed. */
export interface Change {
  /** What it is, e.g. `access entry of arn:aws:iam::…`. */
  readonly target: string;
  readonly action: "create" | "update" | "delete";
  /** A unified diff. */
  readonly diff: string;
  /** Applies the change; `print` reports progress that the user should see. */
  apply(print: (line: string) => void): Promise<void>;
  /** Undoes what `apply` did, after it, and nothing else; left out where a change stays. */
  undo?(print: (line: string) => void): Promise<void>;
}

/** All changes, in order, with notes for the user. */
export interface ChangePlan {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** A unified diff of two texts; undefined stands for an absent side. */
export function diffOf(name: string, before: string | undefined, after: string | undefined): string {
  const side = (text: string | undefined) => (text === undefined ? "/dev/null" : name);
  const patch = createTwoFilesPatch(side(before), side(after), before ?? "", after ?? "", "", "", { context: 3 });
  return patch.slice(patch.indexOf("--- ")).replaceAll(/^((?:---|\+\+\+) .*)\t$/gm, "$1");
}

/** A document as indented JSON, one value a line, so that a diff is readable. */
export function pretty(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

// The sources of agent/ as the architecture tests read them: text, code without prose, imports.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Import {
  readonly from: string;
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  readonly name: string;
  /** Without comments and without what stands in quotes: words in prose are not uses. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** agent/ itself, with a slash at its end. */
export const root = new URL("../../agent/", import.meta.url).pathname;
/** Every file of agent/. */
export const files = globSync("**/*.ts", { cwd: root }).toSorted().map(readSource);

function readSource(name: string): SourceFile {
  const text = readFileSync(join(root, name), "utf8");
  return {
    name,
    code: text.replaceAll(/\/\*.*?\*\/|(?<![:"'`\\])\/\/[^\n]*/gs, "").replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""'),
    lines: text.trimEnd().split("\n").length,
    imports: importsOf(text),
  };
}

export function importsOf(text: string): readonly Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^;"']*?\s+from\s+)?["']([^"']+)["']/gm);
  const dynamic = text.matchAll(/import\(\s*["']([^"']+)["']\s*\)/g);
  return [
    ...Array.from(statements, ([, type, from = ""]) => ({ from, isTypeOnly: type !== undefined })),
    ...Array.from(dynamic, ([, from = ""]) => ({ from, isTypeOnly: false })),
  ];
}

/** Path below agent/ of an imported file, or undefined for a package or a file outside. */
export function target(importer: string, from: string): string | undefined {
  if (!from.startsWith(".")) return undefined;
  const path = join(dirname(importer), from);
  return path.startsWith("..") ? undefined : path;
}

/** Fails with every violation, each a line that says what to do. */
export function assertNone(violations: readonly string[]): void {
  assert.deepEqual(violations, []);
}

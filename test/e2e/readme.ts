// README's own commands, for the tests that run them as they stand there.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const README = join(import.meta.dirname, "../../README.md");

/** A word of README's, and what stands for it here: names of the reader's own, such as his cluster's. */
type Replacement = readonly [word: string, ours: string];

/**
 * The first fenced block below a heading, without its fences, with these words replaced.
 * @throws Error when there is no such heading, no block below it, or a word to replace is not in it
 */
export async function readmeBlock(heading: string, replacements: readonly Replacement[]): Promise<string> {
  const [block = ""] = await readSection(heading);
  for (const [word] of replacements)
    if (!block.includes(word)) throw new Error(`README.md's block below "${heading}" does not say ${word}`);
  return replace(block, replacements);
}

/**
 * Every fenced block of commands below a heading, likewise.
 * @throws Error when there is no such heading, no block below it, or a word to replace is in none
 */
export async function readmeBlocks(heading: string, replacements: readonly Replacement[]): Promise<readonly string[]> {
  const blocks = await readSection(heading);
  for (const [word] of replacements)
    if (!blocks.some((block) => block.includes(word)))
      throw new Error(`README.md's blocks below "${heading}" do not say ${word}`);
  return blocks.map((block) => replace(block, replacements));
}

async function readSection(heading: string): Promise<readonly string[]> {
  const text = await readFile(README, "utf8");
  const [, section] = text.split(`\n${heading}\n`);
  if (section === undefined) throw new Error(`README.md has no heading "${heading}"`);
  const blocks = (section.split(/\n#{1,3} /)[0] ?? "").matchAll(/(?<=^|\n)```\w*\n([\s\S]*?)\n```/g);
  const found = Array.from(blocks, ([, block = ""]) => block);
  if (found.length === 0) throw new Error(`README.md has no fenced block below "${heading}"`);
  return found;
}

function replace(block: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((commands, [word, ours]) => commands.replaceAll(word, ours), block);
}

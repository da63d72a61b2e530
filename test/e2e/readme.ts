// README's own commands, for the tests that run them as they stand there.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const README = join(import.meta.dirname, "../../README.md");

/**
 * The first fenced block below a heading, without its fences, with these words replaced: names of the reader's own, such as his cluster's.
 * @throws Error when there is no such heading, no block below it, or a word to replace is not in it
 */
export async function readmeBlock(heading: string, replacements: readonly (readonly [string, string])[]) {
  const text = await readFile(README, "utf8");
  const [, section] = text.split(`\n${heading}\n`);
  if (section === undefined) throw new Error(`README.md has no heading "${heading}"`);
  const [, block] = /\n```\w*\n([\s\S]*?)\n```/.exec(`\n${section.split(/\n#{1,3} /)[0]}`) ?? [];
  if (block === undefined) throw new Error(`README.md has no fenced block below "${heading}"`);
  return replacements.reduce((commands, [word, ours]) => {
    if (!commands.includes(word)) throw new Error(`README.md's block below "${heading}" does not say ${word}`);
    return commands.replaceAll(word, ours);
  }, block);
}

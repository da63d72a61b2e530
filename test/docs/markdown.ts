// As much of Markdown as the pages of this repository use: headings with GitHub's anchors, fenced blocks, links.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository's root. */
export const TOP = join(import.meta.dirname, "../..");

interface Heading {
  readonly level: number;
  readonly text: string;
  /** As GitHub makes it, with `-1`, `-2`, … for a heading that came before. */
  readonly anchor: string;
}

interface Block {
  /** Index into the page's headings; -1 above the first. */
  readonly heading: number;
  readonly text: string;
}

interface Link {
  readonly target: string;
  readonly line: number;
}

/** A page, read. */
export interface Page {
  readonly path: string;
  readonly headings: readonly Heading[];
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
}

/** Every page that a reader may open, by its path from the root. */
export function listPages(): readonly string[] {
  return [...globSync("*.md", { cwd: TOP }), ...globSync("docs/**/*.md", { cwd: TOP })].toSorted();
}

/** Reads a page of the repository by its path from the root. */
export function readPage(path: string): Page {
  return parsePage(path, readFileSync(join(TOP, path), "utf8"));
}

const FENCE = /^\s*(`{3,})/;
const HEADING = /^(#{1,6}) (.+?)\s*$/;
/** Inline links and images; a target has no blank and no bracket here. */
const LINK = /\]\(([^()\s]+)\)/g;

/** Reads the text of a page. */
export function parsePage(path: string, text: string): Page {
  const headings: Heading[] = [];
  const blocks: Block[] = [];
  const links: Link[] = [];
  const seen = new Map<string, number>();
  let open: { readonly fence: string; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = FENCE.exec(line)?.[1];
    if (open !== undefined) {
      if (fence === undefined || fence.length < open.fence.length) open.lines.push(line);
      else {
        blocks.push({ heading: headings.length - 1, text: dedent(open.lines) });
        open = undefined;
      }
      continue;
    }
    if (fence !== undefined) {
      open = { fence, lines: [] };
      continue;
    }
    const [, marks = "", title] = HEADING.exec(line) ?? [];
    if (title !== undefined) headings.push({ level: marks.length, text: title, anchor: numbered(slug(title), seen) });
    for (const [, target = ""] of withoutCode(line).matchAll(LINK)) links.push({ target, line: index + 1 });
  }
  return { path, headings, blocks, links };
}

/** Fenced blocks below a heading, up to the next one of its level or above. @throws Error when there is none */
export function blocksBelow(page: Page, text: string): readonly string[] {
  const at = page.headings.findIndex((heading) => heading.text === text);
  const heading = page.headings[at];
  if (heading === undefined) throw new Error(`${page.path} has no heading "${text}"`);
  const next = page.headings.findIndex(({ level }, index) => index > at && level <= heading.level);
  const end = next < 0 ? page.headings.length : next;
  const found = page.blocks.filter((block) => block.heading >= at && block.heading < end).map((block) => block.text);
  if (found.length === 0) throw new Error(`${page.path} has no fenced block below "${text}"`);
  return found;
}

/** GitHub's anchor of a heading: lower case, without punctuation, blanks as hyphens. */
export function slug(text: string): string {
  return text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

function numbered(anchor: string, seen: Map<string, number>): string {
  const count = seen.get(anchor) ?? 0;
  seen.set(anchor, count + 1);
  return count === 0 ? anchor : `${anchor}-${count}`;
}

function withoutCode(line: string): string {
  return line.replaceAll(/(`+)(?:(?!\1).)*\1/g, (code) => " ".repeat(code.length));
}

/** A block within a list stands as far to the right as its item. */
function dedent(lines: readonly string[]): string {
  const margins = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const margin = margins.length === 0 ? 0 : Math.min(...margins);
  return lines.map((line) => line.slice(margin)).join("\n");
}

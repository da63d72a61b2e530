// docs/troubleshooting/README.md, read: the one source of what each reason means, for its readers and for `eks-satellite explain`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReasonText } from "../../agent/explain/texts.ts";
import { sentence } from "./markdown.ts";

const PAGE = join(import.meta.dirname, "../../docs/troubleshooting/README.md");
/** Its sections explain reasons of conditions; those before it are about symptoms. */
const FIRST_SECTION = "Configuration and the machine";
/** Reasons of conditions that are true, or whose answer is on its way. */
const QUIET_SECTION = "Reasons that need nothing";

/** Reads every reason of the page, in its order. @throws Error that names the heading whose text is not as the others' */
export function readTroubleshooting(page: string = readFileSync(PAGE, "utf8")): readonly ReasonText[] {
  const sections = page.split(/^# /m).slice(1);
  const first = sections.findIndex((section) => section.startsWith(`${FIRST_SECTION}\n`));
  if (first < 0) throw new Error(`there is no section "${FIRST_SECTION}"`);
  return sections.slice(first).flatMap(readSection);
}

function readSection(section: string): readonly ReasonText[] {
  const [title = "", ...lines] = section.split("\n");
  const [intro = "", ...entries] = lines.join("\n").split(/^###? /m);
  const isQuiet = title === QUIET_SECTION;
  const ask = readItem("Ask", intro);
  if (ask === undefined && !isQuiet) throw new Error(`section "${title}" does not say whom to ask: **Ask:** …`);
  return entries.map((entry) => readEntry(entry, { title, ask: ask ?? "", isQuiet }));
}

function readEntry(
  entry: string,
  { title, ask, isQuiet }: { readonly title: string; readonly ask: string; readonly isQuiet: boolean },
): ReasonText {
  const [name = "", ...lines] = entry.split("\n");
  const body = lines.join("\n");
  const [text = ""] = body.trim().split(/^- \*\*/m);
  const [, where = "", cause = ""] = /^(?:On ([^.:]+)[.:] )?(.*)$/s.exec(plain(text)) ?? [];
  const todo = readItem("Do", body);
  const more = readItem("More", body);
  if (cause === "") throw new Error(`${name} has no text`);
  if (!isQuiet && todo === undefined && more === undefined)
    throw new Error(`${name} says neither **Do:** nor **More:**`);
  return {
    name,
    section: title,
    on: Array.from(where.matchAll(/`([A-Z]\w+)`/g), ([, type = ""]) => type),
    cause: sentence(cause),
    ...(todo === undefined ? {} : { todo: sentence(todo) }),
    ...(isQuiet ? {} : { ask: readItem("Ask", body) ?? ask }),
    ...(more === undefined ? {} : { more }),
  };
}

/** What follows `**Do:**`, `**More:**` or `**Ask:**`, as an item of a list or a line of its own. */
function readItem(name: string, text: string): string | undefined {
  const [, found] = new RegExp(String.raw`^(?:- )?\*\*${name}:\*\* (.+(?:\n(?!\n|- \*\*).+)*)`, "m").exec(text) ?? [];
  return found === undefined ? undefined : plain(found);
}

/** One line without links: a terminal has none. Code keeps its backticks. */
function plain(text: string): string {
  return text
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replaceAll(/\s*\n\s*/g, " ")
    .trim();
}

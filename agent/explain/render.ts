// Explanations as text for a terminal.
import { type Explanation, KINDS, type Kind } from "./explanation.ts";

const WIDTH = 100;
const TITLES: Readonly<Record<Kind, string>> = {
  condition: "Conditions",
  reason: "Reasons of conditions",
  error: "Errors of commands",
  check: "Checks",
  event: "Events",
  xid: "Xids",
};
/** How many names are listed of those that belong to one. */
const MAX_SEE = 40;

/** Renders explanations, the first line of each with its name. */
export function renderExplanations(all: readonly Explanation[]): string {
  return `${all.map(renderOne).join("\n\n")}\n`;
}

/** Renders the names of every kind. */
export function renderList(all: readonly Explanation[]): string {
  const sections = KINDS.map((kind) => {
    const names = all.filter((each) => each.kind === kind).map(({ name }) => name);
    return `${TITLES[kind]}:\n${wrap(names.join(" "), "  ")}`;
  });
  return `${sections.join("\n\n")}\n\neks-satellite explain NAME\n`;
}

function renderOne({ kind, name, aliases, meaning, details, todo, ask, more, wordings, see }: Explanation): string {
  const also = aliases.length === 0 ? "" : `, also ${aliases.join(", ")}`;
  const part = (title: string, text: string | undefined) =>
    text === undefined ? [] : [`  ${title}`, wrap(text, "    ")];
  return [
    `${name} (${kind}${also})`,
    wrap([meaning, ...details].join(" "), "  "),
    ...part("What to do:", todo),
    ...part("Whom to ask:", ask),
    ...part("More:", more),
    ...(wordings.length === 0 ? [] : ["  It says:", ...wordings.flatMap(renderWording)]),
    ...part("See:", see.length === 0 ? undefined : renderNames(see)),
  ].join("\n");
}

function renderWording({ message, hint }: Explanation["wordings"][number]): readonly string[] {
  return [wrap(message, "    "), ...(hint === "" ? [] : [wrap(`→ ${hint}`, "      ")])];
}

function renderNames(names: readonly string[]): string {
  const left = names.length - MAX_SEE;
  return `${names.slice(0, MAX_SEE).join(", ")}${left > 0 ? `, and ${left} more` : ""}`;
}

/** Breaks at blanks. A word that is longer, such as a command to copy, stays whole. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + word.length >= WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each).join("\n");
}

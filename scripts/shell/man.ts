// Manual pages, section 8: one for the program, and one for each of its commands with those below it. Plain man(7).

import {
  type ArgumentNode,
  type CommandNode,
  type OptionNode,
  withDescendants,
} from "../../agent/commands/completion/command-tree.ts";
import { purposeOf } from "../../agent/commands/completion/fish.ts";
import { COMMON_EXIT_CODES, EXIT_CODES } from "../../agent/commands/help/exit-codes.ts";
import { DOCUMENTATION_URL, EXAMPLES } from "../../agent/commands/help/help.ts";

/** Of all pages: the version, and the day of the sources. */
export interface Edition {
  readonly version: string;
  /** Seconds since 1970. */
  readonly timeSeconds: number;
}

const PROGRAM = "eks-satellite";

/** Renders the pages, by file name. */
export function renderManualPages(tree: CommandNode, edition: Edition): ReadonlyMap<string, string> {
  const pages = tree.children.map((child) => [`${nameOf(child)}.8`, renderCommandPage(child, edition)] as const);
  return new Map([[`${PROGRAM}.8`, renderProgramPage(tree, edition)], ...pages]);
}

/** The first line of a page. */
export function renderTitle(name: string, section: number, { version, timeSeconds }: Edition): string {
  const day = new Date(timeSeconds * 1000).toISOString().slice(0, 10);
  return `.TH ${name.toUpperCase()} ${section} ${day} "${PROGRAM} ${version}"\n.ad l\n.nh`;
}

function renderProgramPage(tree: CommandNode, edition: Edition): string {
  return renderPage([
    renderTitle(PROGRAM, 8, edition),
    ".SH NAME",
    `${PROGRAM} \\- keeps a machine outside AWS a node of an EKS cluster`,
    ".SH SYNOPSIS",
    `.B ${PROGRAM}`,
    ".I command",
    "[options]",
    ".SH DESCRIPTION",
    text(tree.description),
    "The daemon is started by systemd; the other commands look at it, prepare it or take it away.",
    ".SH COMMANDS",
    ...tree.children.flatMap((child) => tagged(`.BR ${asText(nameOf(child))} (8)`, purposeOf(child.description))),
    ...exitStatus(COMMON_EXIT_CODES),
    ".SH FILES",
    ...tagged(".I /etc/eks-satellite/config.yaml", "the configuration, eks-satellite-config(5)"),
    ...tagged(".I /etc/eks-satellite/environment", "variables of the service and of every command"),
    ...tagged(".I /var/lib/eks-satellite", "what must survive a reboot"),
    ...seeAlso(["eks-satellite-config(5)"], `${DOCUMENTATION_URL}/README.md`),
  ]);
}

function renderCommandPage(command: CommandNode, edition: Edition): string {
  const leaves = withDescendants(command).filter(({ children }) => children.length === 0);
  const isAlone = leaves[0] === command;
  return renderPage([
    renderTitle(nameOf(command), 8, edition),
    ".SH NAME",
    `${asText(nameOf(command))} \\- ${text(purposeOf(command.description))}`,
    ".SH SYNOPSIS",
    ...leaves.flatMap(synopsis),
    ...(isAlone ? body(command) : leaves.flatMap(section)),
    ...seeAlso(["eks-satellite(8)", "eks-satellite-config(5)"], `${DOCUMENTATION_URL}/reference/cli.md`),
  ]);
}

function synopsis({ path, options, arguments: positionals }: CommandNode, index: number): readonly string[] {
  return [
    ...(index === 0 ? [] : [".br"]),
    `.B ${asText([PROGRAM, ...path].join(" "))}`,
    ...positionals.map(placeholder),
    ...(options.length > 1 ? ["[options]"] : []),
  ];
}

function placeholder({ name, isRequired, isVariadic }: ArgumentNode): string {
  const shown = `${name}${isVariadic ? "..." : ""}`;
  return isRequired ? `.I ${asText(shown)}` : `[${asText(shown)}]`;
}

/** Of a command that has its page to itself. */
function body(command: CommandNode): readonly string[] {
  return [".SH DESCRIPTION", `${sentence(command.description)}`, ...parts(command, ".SH")];
}

/** Of one among others on a page. */
function section(command: CommandNode): readonly string[] {
  return [
    `.SH ${asText(command.path.join(" ").toUpperCase())}`,
    sentence(command.description),
    ...parts(command, ".SS"),
  ];
}

function parts(command: CommandNode, level: string): readonly string[] {
  const name = command.path.join(" ");
  const example = EXAMPLES[name];
  const codes = EXIT_CODES[name];
  const heading = (title: string) => `${level} ${level === ".SH" ? title.toUpperCase() : title}`;
  return [
    ...(command.arguments.length === 0 ? [] : [heading("Arguments")]),
    ...command.arguments.flatMap((each) => tagged(`.I ${asText(each.name)}`, each.description)),
    heading("Options"),
    ...command.options.flatMap((option) => tagged(`.B ${asText(option.flags)}`, meaningOf(option))),
    ...(codes === undefined ? [] : exitStatus(codes, heading("Exit status"))),
    ...(example === undefined ? [] : [heading("Example"), ".EX", asText(example), ".EE"]),
  ];
}

function meaningOf({ description, values, isMandatory, defaultValue }: OptionNode): string {
  const words = values?.kind === "words" && values.words.length <= 6 ? values.words.join(", ") : "";
  const choices = words === "" || description.includes(values?.kind === "words" ? values.words.join(" or ") : "\0");
  const isShown = defaultValue !== undefined && defaultValue !== false && !Array.isArray(defaultValue);
  return `${description}${choices ? "" : `: ${words}`}${isMandatory ? "; required" : ""}${isShown ? `; default ${String(defaultValue)}` : ""}`;
}

function exitStatus(codes: Readonly<Record<number, string>>, heading = ".SH EXIT STATUS"): readonly string[] {
  return [heading, ...Object.entries(codes).flatMap(([code, meaning]) => tagged(`.B ${code}`, meaning))];
}

function seeAlso(pages: readonly string[], address: string): readonly string[] {
  const names = pages.map((page) => `.BR ${asText(page).replace("(", " (")}`);
  return [
    ".SH SEE ALSO",
    ...names.map((name, index) => (index < names.length - 1 ? `${name} ,` : name)),
    ".PP",
    text(address),
  ];
}

/** A term and its meaning. */
export function tagged(term: string, meaning: string): readonly string[] {
  return [".TP", term, sentence(meaning)];
}

/** Joins the lines of a page. */
export function renderPage(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

function sentence(words: string): string {
  // `auto: …` and `text or json` begin with a value.
  const isValue = /^[\w-]+:|^text or json/.test(words);
  const begun = isValue ? words : words.charAt(0).toUpperCase() + words.slice(1);
  return text(/[.!?]$/.test(begun) ? begun : `${begun}.`);
}

/** Text as roff takes it for text: a dot or a quote at the beginning of a line would be a request, and a hyphen no minus. */
export function text(words: string): string {
  return asText(words.replaceAll("`", "").replaceAll(/\s+/g, " ").trim());
}

/** Marks what roff would take for its own. */
export function asText(words: string): string {
  return words
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1")
    .replaceAll("…", "...")
    .replaceAll(
      /[^\x20-\x7e]/g,
      (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

function nameOf({ path }: CommandNode): string {
  return [PROGRAM, ...path].join("-");
}

// docs/reference/cli.md, from commander's program.
import type { Command, Option } from "commander";
import type { CommandContext } from "../../agent/commands/context.ts";
import { COMMON_EXIT_CODES, EXIT_CODES } from "../../agent/commands/help/exit-codes.ts";
import { createWholeProgram } from "../../agent/commands/program/whole.ts";
import { code, codes, prose, renderPage, section, sentence, table } from "./markdown.ts";

/** Commands read their context only when they run, and here none runs. */
const NO_CONTEXT = {} as CommandContext;

/** Renders the page. */
export function renderCli(): string {
  const program = createWholeProgram(NO_CONTEXT);
  const commands = program.commands.flatMap((command) => leavesOf(command, command.name()));
  return renderPage({
    title: "Commands",
    from: "agent/commands/",
    intro:
      "Every command with its options, defaults and exit codes. `eks-satellite COMMAND --help` shows the same, and so does `man eks-satellite-COMMAND`. The packages bring completions for bash, zsh and fish.",
    sections: [
      table(
        ["command", "what it does"],
        commands.map(({ name, command }) => [`[${code(name)}](#${anchorOf(name)})`, purposeOf(command)]),
      ),
      section(
        "Exit codes",
        "Of every command. A command with codes of its own lists them below.",
        exitCodes(COMMON_EXIT_CODES),
      ),
      ...commands.map(renderCommand),
    ],
  });
}

interface Leaf {
  readonly name: string;
  readonly command: Command;
}

function leavesOf(command: Command, name: string): readonly Leaf[] {
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((child) => leavesOf(child, `${name} ${child.name()}`));
}

function anchorOf(name: string): string {
  return name.replaceAll(" ", "-");
}

/** The description without the exit codes, which have a table of their own. */
function purposeOf(command: Command): string {
  const group = command.parent?.parent === null ? "" : `${sentence(command.parent?.description() ?? "")} `;
  return prose(group + sentence(command.description().replace(/; exit .*$/, "")));
}

function renderCommand({ name, command }: Leaf): string {
  const positionals = command.registeredArguments.map(
    (argument) => `<${argument.name()}${argument.variadic ? "..." : ""}>`,
  );
  const usage = ["eks-satellite", name, ...positionals, ...(command.options.length > 0 ? ["[options]"] : [])].join(" ");
  const positional = command.registeredArguments.map(
    (argument) => `${code(`<${argument.name()}>`)}: ${prose(argument.description)}.`,
  );
  const ownCodes = EXIT_CODES[name];
  return section(
    name,
    purposeOf(command),
    `\`\`\`text\n${usage}\n\`\`\``,
    ...positional,
    ...(command.options.length === 0 ? [] : [options(command.options)]),
    ...(ownCodes === undefined ? [] : [exitCodes(ownCodes)]),
  );
}

function options(all: readonly Option[]): string {
  return table(
    ["option", "meaning", "default"],
    all.map((option) => [code(option.flags), meaningOf(option), defaultOf(option)]),
  );
}

function meaningOf({ description, argChoices, mandatory }: Option): string {
  const meaning = prose(description);
  const choices = argChoices === undefined ? "" : ` (${codes(argChoices)})`;
  const required = mandatory ? "; required" : "";
  return meaning + (description.includes(argChoices?.join(" or ") ?? "\0") ? "" : choices) + required;
}

function defaultOf({ defaultValue }: Option): string {
  if (defaultValue === undefined || defaultValue === false) return "";
  return Array.isArray(defaultValue) ? defaultValue.map(code).join(", ") : code(defaultValue);
}

function exitCodes(meanings: Readonly<Record<number, string>>): string {
  return table(
    ["exit code", "meaning"],
    Object.entries(meanings).map(([exitCode, meaning]) => [code(exitCode), meaning]),
  );
}

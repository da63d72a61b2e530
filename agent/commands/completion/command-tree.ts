// The command line as data, from commander's program: completions and manual pages are rendered from it.
import type { Argument, Command, Option } from "commander";
import { knownRegions } from "../../config/partitions.ts";

/** What may stand for the value of an option or an argument. */
export type Values =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "any" };

export interface OptionNode {
  /** E.g. `--output`. */
  readonly long: string;
  readonly short: string | undefined;
  readonly flags: string;
  readonly description: string;
  /** Undefined for one without a value. */
  readonly values: Values | undefined;
  readonly isVariadic: boolean;
  readonly isMandatory: boolean;
  readonly defaultValue: unknown;
}

export interface ArgumentNode {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly values: Values;
}

export interface CommandNode {
  /** Its words, none for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly children: readonly CommandNode[];
}

const HELP: OptionNode = {
  ...{ long: "--help", short: "-h", flags: "-h, --help", description: "show help" },
  ...{ values: undefined, isVariadic: false, isMandatory: false, defaultValue: undefined },
};

/** Reads the whole tree. @param checks names of the checks that `check` knows */
export function readCommandTree(program: Command, checks: readonly string[]): CommandNode {
  return readCommand(program, [], checks);
}

/** Every command below a node, and the node itself. */
export function withDescendants(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(withDescendants)];
}

function readCommand(command: Command, path: readonly string[], checks: readonly string[]): CommandNode {
  return {
    path,
    description: command.description(),
    options: [...command.options.filter(({ hidden }) => !hidden).map((option) => readOption(option, checks)), HELP],
    arguments: command.registeredArguments.map(readArgument),
    children: command.commands.map((child) => readCommand(child, [...path, child.name()], checks)),
  };
}

function readOption(option: Option, checks: readonly string[]): OptionNode {
  const { long, short, flags, description, variadic, mandatory, defaultValue, argChoices } = option;
  const takesValue = option.required || option.optional;
  const placeholder = /[<[]([\w-]+)/.exec(flags)?.[1] ?? "";
  return {
    ...{ long: long ?? flags, short, flags, description, defaultValue, isVariadic: variadic, isMandatory: mandatory },
    values: takesValue ? valuesOfOption(option.attributeName(), valuesOf(placeholder, argChoices), checks) : undefined,
  };
}

function readArgument(argument: Argument): ArgumentNode {
  const { description, required, variadic, argChoices } = argument;
  const name = argument.name();
  return { name, description, isRequired: required, isVariadic: variadic, values: valuesOf(name, argChoices) };
}

/** The checks are no choices of commander's: an unknown one is an error that names the nearest. */
function valuesOfOption(name: string, values: Values, checks: readonly string[]): Values {
  const isOfCheck = values.kind === "any" && (name === "only" || name === "skip");
  return isOfCheck ? { kind: "words", words: checks } : values;
}

function valuesOf(placeholder: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: "words", words: choices };
  if (placeholder === "region") return { kind: "words", words: knownRegions() };
  return { kind: placeholder === "file" || placeholder === "folder" ? "file" : "any" };
}

// The completion for zsh: a function for each command, by _arguments.
import { type CommandNode, type OptionNode, type Values, withDescendants } from "./command-tree.ts";
import { purposeOf } from "./fish.ts";

/** Renders the script. */
export function renderZsh(tree: CommandNode): string {
  return `#compdef eks-satellite
# zsh completion of eks-satellite, rendered from its command line.
${withDescendants(tree).map(renderFunction).join("\n")}
_eks-satellite "$@"
`;
}

function renderFunction(node: CommandNode): string {
  const options = node.options.map(renderOption);
  return node.children.length > 0 ? renderGroup(node, options) : renderLeaf(node, options);
}

function renderGroup(node: CommandNode, options: readonly string[]): string {
  const name = functionOf(node.path);
  const commands = node.children.map(({ path, description }) =>
    quote(`${path.at(-1)}:${purposeOf(description).replaceAll(":", "\\:")}`),
  );
  return `${name}() {
  local curcontext="$curcontext" state line
  local -a commands=(
    ${commands.join("\n    ")}
  )
  _arguments -C \\
    ${[...options, "'1: :->command'", "'*:: :->rest'"].join(" \\\n    ")}
  case $state in
    command) _describe command commands ;;
    rest)
      case $line[1] in
        ${node.children.map(({ path }) => `${path.at(-1)}) ${functionOf(path)} ;;`).join("\n        ")}
      esac
      ;;
  esac
}`;
}

function renderLeaf(node: CommandNode, options: readonly string[]): string {
  const positionals = node.arguments.map(({ isVariadic, isRequired, name, values }, index) =>
    quote(`${isVariadic ? "*" : index + 1}:${isRequired ? "" : ":"}${inZsh(name)}:${actionOf(values)}`),
  );
  return `${functionOf(node.path)}() {
  _arguments \\
    ${[...options, ...positionals].join(" \\\n    ")}
}`;
}

function renderOption({ long, short, values, isVariadic, description }: OptionNode): string {
  const text = `[${inZsh(description).replaceAll("[", "\\[").replaceAll("]", "\\]")}]`;
  const value = values === undefined ? "" : `:${long.replace(/^--/, "")}:${actionOf(values)}`;
  if (short !== undefined) return `{${short},${long}}${quote(`${text}${value}`)}`;
  return quote(`${isVariadic ? "*" : ""}${long}${text}${value}`);
}

function actionOf(values: Values): string {
  if (values.kind === "file") return "_files";
  return values.kind === "any" ? " " : `(${values.words.join(" ")})`;
}

function functionOf(path: readonly string[]): string {
  return ["_eks-satellite", ...path].join("_");
}

function inZsh(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

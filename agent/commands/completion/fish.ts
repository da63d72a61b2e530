// The completion for fish.
import { type CommandNode, type OptionNode, type Values, withDescendants } from "./command-tree.ts";

/** Renders the script. */
export function renderFish(tree: CommandNode): string {
  return `# fish completion of eks-satellite, rendered from its command line.
function __eks_satellite_at --description 'whether the command line has these words first'
    set -l words (commandline -opc)
    set -e words[1]
    test (count $words) -ge (count $argv); or return 1
    test "$words[1..$(count $argv)]" = "$argv"
end
function __eks_satellite_after --description 'whether the command line has these words alone'
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end
complete -c eks-satellite -f
${withDescendants(tree).flatMap(renderNode).join("\n")}
`;
}

function renderNode(node: CommandNode): readonly string[] {
  const path = node.path.join(" ");
  const at = node.path.length === 0 ? "__eks_satellite_after" : `__eks_satellite_at ${path}`;
  const children = node.children.map(
    (child) =>
      `complete -c eks-satellite -n ${quote(`__eks_satellite_after ${path}`.trim())} -a ${quote(child.path.at(-1) ?? "")} -d ${quote(purposeOf(child.description))}`,
  );
  const [argument] = node.arguments;
  const positional =
    argument === undefined || argument.values.kind === "any"
      ? []
      : [`complete -c eks-satellite -n ${quote(at)} ${renderValue(argument.values)}`];
  return [...children, ...positional, ...node.options.map((option) => renderOption(at, option))];
}

function renderOption(at: string, { long, short, values, description }: OptionNode): string {
  const names = [`-l ${long.replace(/^--/, "")}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])];
  const value = values === undefined ? "" : ` ${values.kind === "file" ? "-r" : "-x"} ${renderValue(values)}`.trimEnd();
  return `complete -c eks-satellite -n ${quote(at)} ${names.join(" ")}${value} -d ${quote(description)}`;
}

function renderValue(values: Values): string {
  if (values.kind === "file") return "-F";
  return values.kind === "any" ? "" : `-a ${quote(values.words.join(" "))}`;
}

/** Without the exit codes. */
export function purposeOf(description: string): string {
  return description.replace(/; exit .*$/, "");
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

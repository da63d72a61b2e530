// The completion for bash. It needs nothing of the package bash-completion but its folder.
import { type CommandNode, type OptionNode, type Values, withDescendants } from "./command-tree.ts";

const FUNCTION = "_eks_satellite";

/** Renders the script. */
export function renderBash(tree: CommandNode): string {
  const nodes = withDescendants(tree);
  return `# bash completion of eks-satellite, rendered from its command line.
${FUNCTION}() {
${renderWords(nodes)}
  local isNext=$((at >= 0 && at == \${#words[@]} - 1))
  case "$path $option" in
${nodes.flatMap(renderOptionValues).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case $path in
${nodes.map((node) => `      ${quote(pathOf(node))}) word=${quote(node.options.map(({ long }) => long).join(" "))} ;;`).join("\n")}
      *) word="" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
    return
  fi
  case $path in
${nodes.map(renderPositional).join("\n")}
  esac
}
complete -F ${FUNCTION} eks-satellite
`;
}

/** What was typed: the command in `path`, and the option before the cursor in `option`. */
function renderWords(nodes: readonly CommandNode[]): string {
  const deeper = nodes
    .filter(({ path }) => path.length > 0)
    .map(
      ({ path }) => `      ${quote(`${path.slice(0, -1).map(segment).join("")}/${path.at(-1)}`)}) path+="/$word" ;;`,
    );
  return `  local cur=\${COMP_WORDS[COMP_CWORD]} path="" option="" word at
  # bash takes --option=value apart.
  local -a words=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == = ]] || words+=("$word"); done
  [[ $cur != = ]] || cur=""
  COMPREPLY=()
  for word in "\${words[@]}"; do
    case "$path/$word" in
${deeper.join("\n")}
      *) break ;;
    esac
  done
  # The value of the option before, or one more of one that takes several.
  at=$((\${#words[@]} - 1))
  while ((at >= 0)); do
    if [[ \${words[at]} == -* ]]; then
      option=\${words[at]}
      break
    fi
    at=$((at - 1))
  done`;
}

function segment(word: string): string {
  return `/${word}`;
}

function pathOf({ path }: CommandNode): string {
  return path.map(segment).join("");
}

function renderOptionValues(node: CommandNode): readonly string[] {
  return node.options.flatMap((option) => renderOption(node, option));
}

function renderOption(node: CommandNode, { long, short, values, isVariadic }: OptionNode): readonly string[] {
  if (values === undefined) return [];
  const names = [long, ...(short === undefined ? [] : [short])].map((name) => quote(`${pathOf(node)} ${name}`));
  const condition = isVariadic ? "[[ $cur != -* ]]" : "((isNext))";
  return [`    ${names.join(" | ")}) if ${condition}; then ${complete(values)}; return; fi ;;`];
}

function renderPositional(node: CommandNode): string {
  if (node.children.length > 0) {
    const words = node.children.map(({ path }) => path.at(-1)).join(" ");
    return `    ${quote(pathOf(node))}) ${complete({ kind: "words", words: words.split(" ") })} ;;`;
  }
  const [argument] = node.arguments;
  return `    ${quote(pathOf(node))}) ${argument === undefined ? ":" : complete(argument.values)} ;;`;
}

function complete(values: Values): string {
  if (values.kind === "any") return ":";
  if (values.kind === "file") return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur")';
  return `mapfile -t COMPREPLY < <(compgen -W ${quote(values.words.join(" "))} -- "$cur")`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

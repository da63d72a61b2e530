// The completions, asked by the shells themselves.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { CHECKS } from "../../agent/commands/check.ts";
import { withDescendants } from "../../agent/commands/completion/command-tree.ts";
import { LOCAL_FOLDERS, readWholeTree } from "../../scripts/shell/files.ts";
import { unlessThere, writeShellFiles } from "./shells.ts";

const root = writeShellFiles();
const BASH = join(root, LOCAL_FOLDERS.bash, "eks-satellite");
const FISH = join(root, LOCAL_FOLDERS.fish, "eks-satellite.fish");

/** What bash offers for the last word; `=` is a word of its own, as bash cuts the line. */
async function askBash(...words: readonly string[]): Promise<readonly string[]> {
  const script = `source "$1"; shift; COMP_WORDS=(eks-satellite "$@"); COMP_CWORD=$#; _eks_satellite; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa("bash", ["--norc", "-uc", script, "bash", BASH, ...words]);
  return stdout.split("\n").filter(Boolean);
}

async function askFish(line: string): Promise<readonly string[]> {
  const { stdout } = await execa("fish", ["--no-config", "-c", `source ${FISH}; complete -C ${JSON.stringify(line)}`]);
  return stdout.split("\n").map((each) => each.split("\t")[0] ?? "");
}

const tree = readWholeTree();
const commands = tree.children.map(({ path }) => path[0] ?? "");

test("bash completes every command, every option, choices, checks, regions and files", async () => {
  assert.deepEqual(await askBash(""), commands);
  assert.deepEqual(await askBash("chec"), ["check"]);
  assert.deepEqual(await askBash("eni", "d"), ["delete"]);
  assert.deepEqual(await askBash("check", "--output", ""), ["text", "json"]);
  assert.deepEqual(await askBash("check", "--output", "=", "j"), ["json"]);
  assert.deepEqual(await askBash("check", "--output", "="), ["text", "json"]);
  assert.deepEqual(await askBash("eni", "create", "--region", "us-west"), ["us-west-1", "us-west-2"]);
  assert.deepEqual((await askBash("check", "--only", "cri", "")).toSorted(), CHECKS.map(({ name }) => name).toSorted());
  assert.deepEqual(await askBash("run", "--config", BASH.slice(0, -4)), [BASH]);
});

test("bash offers the options of exactly the command at hand", async () => {
  for (const { path, options } of withDescendants(tree))
    assert.deepEqual(
      await askBash(...path, "--"),
      options.map(({ long }) => long),
      path.join(" "),
    );
});

test("bash takes no value of an option for a command, and offers nothing where anything may stand", async () => {
  assert.deepEqual(await askBash("eni", "create", "--name", "list", "--su"), ["--suffix", "--subnet"]);
  assert.deepEqual(await askBash("clusters", "show", ""), []);
  assert.deepEqual(await askBash("clusters", "show", "--profile", ""), []);
  assert.deepEqual(await askBash("nonsense", "--o"), []);
});

test("bash asks it for this program", async () => {
  const script = 'source "$1"; complete -p eks-satellite';
  const { stdout } = await execa("bash", ["--norc", "-euc", script, "bash", BASH]);
  assert.equal(stdout, "complete -F _eks_satellite eks-satellite");
});

test("fish completes the same", { skip: unlessThere("fish") }, async () => {
  assert.deepEqual((await askFish("eks-satellite ")).toSorted(), commands.toSorted());
  assert.deepEqual(await askFish("eks-satellite chec"), ["check"]);
  assert.deepEqual(await askFish("eks-satellite eni d"), ["delete"]);
  assert.deepEqual((await askFish("eks-satellite check --output ")).toSorted(), ["json", "text"]);
  assert.deepEqual(await askFish("eks-satellite eni create --region us-west"), ["us-west-1", "us-west-2"]);
  assert.deepEqual(await askFish(`eks-satellite run --config ${FISH.slice(0, -6)}`), [FISH]);
  for (const { path, options } of withDescendants(tree)) {
    const offered = await askFish(["eks-satellite", ...path, "--"].join(" "));
    assert.deepEqual(offered.toSorted(), options.map(({ long }) => long).toSorted(), path.join(" "));
  }
});

/** What stands on the line of an interactive zsh after a tab. */
async function askZsh(line: string): Promise<string> {
  const { stdout } = await execa("zsh", ["-f", "-c", ZSH, "zsh", join(root, LOCAL_FOLDERS.zsh), line]);
  return stdout;
}

/** A tab and the keys that print the line and end: ^X is bound to both. */
const ZSH = String.raw`
zmodload zsh/zpty
export TERM=dumb
zpty inner zsh -f -i
zpty -w inner "unsetopt zle_bracketed_paste 2>/dev/null; PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u; setopt no_always_last_prompt; zstyle ':completion:*' menu no
say() { print -r -- \"LINE:\$BUFFER:\"; exit }; zle -N say; bindkey '^X' say; bindkey '^I' complete-word"
zpty -w -n inner "$2"$'\t\x18'
while zpty -r inner part; do print -rn -- "$part"; [[ $part == *'LINE:'*':'* && $part != *BUFFER* ]] && break; done
`;

test("zsh completes commands, options, choices and files", { skip: unlessThere("zsh") }, async () => {
  for (const [typed, completed] of [
    ["eks-satellite chec", "eks-satellite check "],
    ["eks-satellite eni del", "eks-satellite eni delete "],
    ["eks-satellite check --outp", "eks-satellite check --output "],
    ["eks-satellite check --output js", "eks-satellite check --output json "],
    ["eks-satellite clusters list --region us-gov-w", "eks-satellite clusters list --region us-gov-west-1 "],
    [`eks-satellite run --config ${FISH.slice(0, -6)}`, `eks-satellite run --config ${FISH} `],
  ] as const) {
    const said = await askZsh(typed);
    assert.ok(said.includes(`LINE:${completed}:`), `${typed}: ${said}`);
  }
});

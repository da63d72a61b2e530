// What shells and man(1) read of the program: rendered with each release, and placed where each looks.
import { gzipSync } from "node:zlib";
import { CHECKS } from "../../agent/commands/check.ts";
import { renderBash } from "../../agent/commands/completion/bash.ts";
import { type CommandNode, readCommandTree } from "../../agent/commands/completion/command-tree.ts";
import { renderFish } from "../../agent/commands/completion/fish.ts";
import { renderZsh } from "../../agent/commands/completion/zsh.ts";
import type { CommandContext } from "../../agent/commands/context.ts";
import { createWholeProgram } from "../../agent/commands/program/whole.ts";
import type { PackageFile } from "../release/tree.ts";
import { type Edition, renderManualPages } from "./man.ts";
import { renderConfigManual } from "./man-config.ts";

/** Folders below the root; an administrator's are in /usr/local. */
export const LOCAL_FOLDERS = {
  bash: "usr/local/share/bash-completion/completions",
  zsh: "usr/local/share/zsh/site-functions",
  fish: "usr/local/share/fish/vendor_completions.d",
  man: "usr/local/share/man",
} as const;

/** Where Debian's own packages put them. */
export const DEBIAN_FOLDERS: Readonly<Record<keyof typeof LOCAL_FOLDERS, string>> = {
  bash: "usr/share/bash-completion/completions",
  zsh: "usr/share/zsh/vendor-completions",
  fish: "usr/share/fish/vendor_completions.d",
  man: "usr/share/man",
};

/** Every command of the program. Commands read their context only when they run, and here none runs. */
export function readWholeTree(): CommandNode {
  return readCommandTree(
    createWholeProgram({} as CommandContext),
    CHECKS.map(({ name }) => name),
  );
}

/** Renders completions and manual pages. The command tree is read once for all packages of a release. */
export function renderShellFiles(edition: Edition): (folders: typeof DEBIAN_FOLDERS) => readonly PackageFile[] {
  const tree = readWholeTree();
  const pages = [...renderManualPages(tree, edition), ["eks-satellite-config.5", renderConfigManual(edition)] as const];
  const completions = { bash: renderBash(tree), zsh: renderZsh(tree), fish: renderFish(tree) };
  return (folders) => [
    { path: `${folders.bash}/eks-satellite`, content: completions.bash },
    { path: `${folders.zsh}/_eks-satellite`, content: completions.zsh },
    { path: `${folders.fish}/eks-satellite.fish`, content: completions.fish },
    ...pages.map(([name, page]) => renderPageFile(folders, name, page)),
  ];
}

/** Debian's policy asks for compressed pages; the same bytes come of the same page. */
function renderPageFile(folders: typeof DEBIAN_FOLDERS, name: string, page: string): PackageFile {
  const path = `${folders.man}/man${name.at(-1)}/${name}`;
  return folders === DEBIAN_FOLDERS
    ? { path: `${path}.gz`, content: gzipSync(page, { level: 9 }) }
    : { path, content: page };
}

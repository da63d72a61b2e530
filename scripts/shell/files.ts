// What shells and man(1) read of the program: rendered with each release, and placed where each looks.
import { gzipSync } from "node:zlib";
import type { PackageFile } from "../release/tree.ts";
import { renderBash } from "./bash.ts";
import { readCommandTree } from "./command-tree.ts";
import { renderFish } from "./fish.ts";
import { type Edition, renderManualPages } from "./man.ts";
import { renderConfigManual } from "./man-config.ts";
import { renderZsh } from "./zsh.ts";

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

/** Renders completions and manual pages. The command tree is read once for all packages of a release. */
export function renderShellFiles(edition: Edition): (folders: typeof DEBIAN_FOLDERS) => readonly PackageFile[] {
  const tree = readCommandTree();
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

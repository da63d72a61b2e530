// `eks-satellite completion`: the completion of a shell, rendered from the command line itself.
import { Argument, type Command } from "commander";
import type { LaptopContext } from "../context.ts";
import { renderBash } from "./bash.ts";
import { type CommandNode, readCommandTree } from "./command-tree.ts";
import { renderFish } from "./fish.ts";
import { renderZsh } from "./zsh.ts";

const SHELLS: Readonly<Record<string, (tree: CommandNode) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

/** Adds `completion`. */
export function register(program: Command, { print }: Pick<LaptopContext, "print">): void {
  program
    .command("completion")
    .description("print the completion for a shell; the packages for Linux install it")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .action(async (shell: string) => {
      const { TEXTS } = await import("../../explain/texts.ts");
      const checks = TEXTS.checks.map(({ name }) => name);
      print(SHELLS[shell]?.(readCommandTree(program, checks)) ?? "");
    });
}

// `eks-satellite explain`: what a condition, a reason, a check, an error, an event or an Xid means, without a network.
import type { Command } from "commander";
import { listExplanations } from "../../explain/catalogue.ts";
import { type Explanation, KINDS } from "../../explain/explanation.ts";
import { findExplanations } from "../../explain/find.ts";
import { renderExplanations, renderList } from "../../explain/render.ts";
import type { LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";

/** Adds `explain`. */
export function register(program: Command, { print }: LaptopContext): void {
  program
    .command("explain")
    .description("explain a condition, reason, check, error, event or Xid: the cause, what to do, whom to ask")
    .argument(
      "[names...]",
      "e.g. GatewayAway, TunnelUp, cluster-not-found, gpu-runtime, xid 79; without a name all are listed",
    )
    .addOption(outputOption())
    .action((names: readonly string[], { output }: { readonly output: OutputFormat }) =>
      explainCommand(names, output, print),
    );
}

/** Prints what each name means, or every name. @throws explain-unknown */
export async function explainCommand(names: readonly string[], output: OutputFormat, print: Print): Promise<void> {
  const { TEXTS } = await import("../../explain/texts.ts");
  const all = listExplanations(TEXTS);
  const wanted = joinNumbers(names);
  if (wanted.length === 0) return print(output === "json" ? renderJson(listNames(all)) : renderList(all));
  const found = [...new Set(wanted.flatMap((name) => findExplanations(name, all)))];
  print(output === "json" ? renderJson({ explanations: found }) : renderExplanations(found));
}

/** `xid 79` and `sxid 20034`, as the kernel's log has them, are one name each. */
function joinNumbers(words: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    if (/^s?xid$/i.test(words[index - 1] ?? "") && /^\d+$/.test(word)) return [];
    return [/^s?xid$/i.test(word) && /^\d+$/.test(words[index + 1] ?? "") ? `${word} ${words[index + 1]}` : word];
  });
}

function listNames(all: readonly Explanation[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    KINDS.map((kind) => [kind, all.filter((each) => each.kind === kind).map(({ name }) => name)]),
  );
}

function renderJson(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

// docs/reference/README.md: the pages beside it, each with its own first sentence.
import { renderPage, table } from "./markdown.ts";

/** Renders the index. @param pages the pages' texts by name, in order */
export function renderIndex(pages: ReadonlyMap<string, string>): string {
  return renderPage({
    title: "Reference",
    from: "the pages beside it",
    intro:
      "For looking up. `scripts/render-docs.ts` renders these pages from the code's own tables, and a test compares them.",
    sections: [
      table(
        ["page", "what is there"],
        [...pages].map(([name, text]) => [`[${titleOf(text)}](${name})`, firstSentenceOf(text)]),
      ),
    ],
  });
}

function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? "";
}

function firstSentenceOf(text: string): string {
  const [, , intro = ""] = text.split("\n\n");
  return /^.*?[.](?=\s|$)/.exec(intro)?.[0] ?? intro;
}

// Pages and tables in Markdown, as docs/reference/ has them.

/** A page that is rendered: `from` names the sources of its data. */
export interface Page {
  readonly title: string;
  readonly from: string;
  /** Two sentences of framing at most. */
  readonly intro: string;
  readonly sections: readonly string[];
}

/** Renders a page under the notice that says where its text comes from. */
export function renderPage({ title, from, intro, sections }: Page): string {
  const notice = `<!-- Rendered from ${from}. Change it there, then run: node scripts/render-docs.ts -->`;
  return `${[`# ${title}`, notice, intro, ...sections].join("\n\n")}\n`;
}

/** Renders a table; a cell that is undefined is empty. */
export function table(columns: readonly string[], rows: readonly (readonly (string | number | undefined)[])[]): string {
  const lines = [columns, columns.map(() => "---"), ...rows.map((row) => row.map((cell) => escapeCell(cell ?? "")))];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Renders a heading of the second level and what stands below it. */
export function section(title: string, ...parts: readonly string[]): string {
  return [`## ${title}`, ...parts].join("\n\n");
}

/** Renders text as code; a text with a backtick stands between two of them. */
export function code(text: string | number): string {
  const fence = String(text).includes("`") ? "``" : "`";
  return `${fence}${text}${fence}`;
}

/** Renders each text as code, with commas between. */
export function codes(texts: readonly (string | number)[]): string {
  return texts.map(code).join(", ");
}

/** Renders text of the program, outside code: what Markdown or HTML would take for markup is escaped. */
export function prose(text: string): string {
  const parts = text.split(/(`[^`]*`)/);
  return parts
    .map((part) => (part.startsWith("`") ? part : part.replaceAll(/[<>*]|(?<!\w)_|_(?!\w)/g, (mark) => `\\${mark}`)))
    .join("");
}

/** Names that are written small wherever they stand. */
const SMALL_NAME = /^(kubelet|containerd|nvidia-smi)\b/;

/** A sentence begins with a capital and ends with a full stop. */
export function sentence(text: string): string {
  const begun = SMALL_NAME.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function escapeCell(cell: string | number): string {
  return String(cell).replaceAll("|", "\\|").replaceAll("\n", " ");
}

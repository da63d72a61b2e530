// What the pictures are drawn with: elements, text and fonts that every viewer has.

export const SANS = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";
export const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What a screen reader says. */
  readonly title: string;
  readonly from: string;
  readonly style: string;
  readonly body: readonly string[];
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Renders a picture; `from` names the sources of its data. */
export function renderPicture({ width, height, title, from, style, body }: Picture): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`;
  return `${[
    head,
    `<!-- Rendered from ${from}. Change it there, then run: node scripts/render-docs.ts -->`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    ...body,
    "</svg>",
  ].join("\n")}\n`;
}

/** Renders an element without content. */
export function element(name: string, attributes: Attributes): string {
  return `<${name}${renderAttributes(attributes)}/>`;
}

/** Renders a line of text. */
export function text(content: string, attributes: Attributes): string {
  return `<text${renderAttributes(attributes)}>${escapeXml(content)}</text>`;
}

/** Renders a rectangle. */
export function box(x: number, y: number, width: number, height: number, attributes: Attributes = {}): string {
  return element("rect", { x, y, width, height, ...attributes });
}

export function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function renderAttributes(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}

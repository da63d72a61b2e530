// Text with its escapes undone, so that patterns find what is written with them.

/** Percent-encoding is undone twice: an address within an address is encoded twice. */
export function withoutEscapes(text: string): string {
  return withoutPercent(withoutPercent(withoutBackslashes(text)));
}

/** `\u003d`, `\x3d`, and quotes behind any number of backslashes. */
function withoutBackslashes(text: string): string {
  if (!text.includes("\\")) return text;
  return text
    .replaceAll(/\\{1,8}(?:u00([0-9a-f]{2})|x([0-9a-f]{2}))/gi, (_match, unicode?: string, hex?: string) =>
      characterOf(unicode ?? hex ?? ""),
    )
    .replaceAll(/\\{1,8}(["'/])/g, "$1");
}

function withoutPercent(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([2-7][0-9a-f])/gi, (_match, code: string) => characterOf(code));
}

/** A control character is no part of a secret, and would change the line. */
function characterOf(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code < 0x20 || code >= 0x7f ? " " : String.fromCharCode(code);
}

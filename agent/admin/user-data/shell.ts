// Values in a shell script: nothing in them is ever more than a text to the shell, be it bash or dash.

/** Quotes one word. */
export function quoteWord(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * A command whose standard input is a text: a quoted here-document, in which the shell expands nothing.
 * @param text ends with a line end
 */
export function withInput(command: string, text: string): string {
  const lines = text.split("\n");
  const end = END_MARKS.find((mark) => lines.every((line) => isReadWhole(line, mark)));
  return end === undefined ? `printf %s ${quoteWord(text)} | ${command}\n` : `${command} <<'${end}'\n${text}${end}\n`;
}

const END_MARKS = ["END", ...Array.from("ABCDFGHIJKLMNOPQRSTUVWXYZ_", (first) => `${first}_END`)];

/** dash 0.5.12 drops the first byte of a character outside ASCII that follows a beginning of the mark in a line. */
function isReadWhole(line: string, mark: string): boolean {
  let common = 0;
  while (common < mark.length && line[common] === mark[common]) common += 1;
  const isEnd = common === mark.length && line.length === common;
  return !isEnd && (common === 0 || (line.codePointAt(common) ?? 0) < 0x80);
}

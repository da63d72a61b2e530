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
  const lines = new Set(text.split("\n"));
  let end = "END";
  for (let number = 1; lines.has(end); number += 1) end = `END_${number}`;
  return `${command} <<'${end}'\n${text}${end}\n`;
}

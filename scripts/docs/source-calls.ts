// Calls in the sources, with their arguments as they are written: enough of TypeScript's grammar to find commas and ends.

/** The texts of the arguments of each call that begins with `name(`. */
export function readCalls(text: string, name: string): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  for (let at = text.indexOf(`${name}(`); at >= 0; at = text.indexOf(`${name}(`, at + 1))
    found.push(splitList(text, at + name.length + 1));
  return found;
}

/** The elements of a list that begins at `start`, just after its bracket, up to the bracket that closes it. */
export function splitList(text: string, start: number): readonly string[] {
  const elements: string[] = [];
  let from = start;
  let at = start;
  while (at < text.length && !/[)\]}]/.test(text.charAt(at))) {
    if (text.charAt(at) === ",") {
      elements.push(text.slice(from, at));
      from = at + 1;
    }
    at = skip(text, at);
  }
  return [...elements, text.slice(from, at)].map((element) => element.trim()).filter((element) => element !== "");
}

/** The index after what stands at an index: a string, a comment, a bracketed list, or one character. */
function skip(text: string, at: number): number {
  const character = text.charAt(at);
  if (character === '"' || character === "'") return endOfString(text, at);
  if (character === "`") return endOfTemplate(text, at);
  if (text.startsWith("//", at)) return after(text.indexOf("\n", at), 1, text);
  if (text.startsWith("/*", at)) return after(text.indexOf("*/", at), 2, text);
  return /[([{]/.test(character) ? endOfList(text, at + 1) : at + 1;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== text.charAt(start)) at += text.charAt(at) === "\\" ? 2 : 1;
  return at + 1;
}

function endOfTemplate(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== "`") {
    if (text.startsWith("${", at)) at = endOfList(text, at + 2);
    else at += text.charAt(at) === "\\" ? 2 : 1;
  }
  return at + 1;
}

function endOfList(text: string, start: number): number {
  let at = start;
  while (at < text.length && !/[)\]}]/.test(text.charAt(at))) at = skip(text, at);
  return at + 1;
}

function after(found: number, length: number, text: string): number {
  return found < 0 ? text.length : found + length;
}

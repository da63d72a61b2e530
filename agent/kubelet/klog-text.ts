// The message of a structured klog line: `"Failed to watch" err="…" type="*v1.Node"`.

/** What a line says, in its parts: a pod's words can stand in the values alone. */
export interface KlogContent {
  /** The message without its values, e.g. `Failed to watch`. */
  readonly text: string;
  /** The values of a structured line: `err`, `image`, … */
  readonly values: ReadonlyMap<string, string>;
  /** The whole line in the form of klog's text. */
  readonly message: string;
}

/** Reads a message without its header. One that is not structured has no values. */
export function readKlogText(message: string): KlogContent {
  const end = endOfQuoted(message, 0);
  if (end === undefined) return { text: message, values: new Map(), message };
  return { text: unquote(message.slice(0, end)), values: readValues(message, end), message };
}

/** Reads ` key="value"` and ` key=value` as far as they follow one another. */
function readValues(message: string, start: number): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let position = start;
  while (message[position] === " ") {
    const equals = message.indexOf("=", position);
    if (equals < 0) break;
    const name = message.slice(position + 1, equals);
    const from = equals + 1;
    const quoted = endOfQuoted(message, from);
    const blank = message.indexOf(" ", from);
    const end = quoted ?? (blank < 0 ? message.length : blank);
    const written = message.slice(from, end);
    if (!values.has(name)) values.set(name, quoted === undefined ? written : unquote(written));
    position = end;
  }
  return values;
}

/** The position after the closing quote of what begins here; undefined when nothing quoted does. */
function endOfQuoted(text: string, start: number): number | undefined {
  if (text[start] !== '"') return undefined;
  for (let position = start + 1; position < text.length; position += 1) {
    if (text[position] === "\\") position += 1;
    else if (text[position] === '"') return position + 1;
  }
  return undefined;
}

/** Go's strconv.Quote, of which only the escapes of quotes and backslashes matter here. */
function unquote(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
}

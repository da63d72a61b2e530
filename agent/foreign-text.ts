// Text that pods, programs and servers write, made fit for a log, a terminal and a condition: bounded, in one line, without controls.

/** A child's line, or any other text of others, beyond this is cut before anything looks at it. */
export const MAX_LINE_LENGTH = 16 * 1024;

const ESCAPE = "\u001b";
/** ECMA-48's CSI in one character (C1). */
const CONTROL_SEQUENCE_INTRODUCER = "\u009b";
/** What follows ESC: a control sequence (`[31m`), or a short one (`c`, `(B`). */
const SEQUENCE = /^(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[ -/]{0,8}[0-Z\\^-~])/;
/** Device control strings, privacy messages and titles last until ST or BEL. */
const STRING_BEGINNING = /^[\]PX^_]/;
const BELL = "\u0007";
/** Control characters, and those that show nothing but change how others are shown; line ends and tabs stay. */
const HIDDEN = /[\p{Cf}\u2028\u2029]|(?![\n\t])\p{Cc}/gu;
const HAS_HIDDEN = /[\p{Cf}\u2028\u2029]|(?![\n\t])\p{Cc}/u;

/** Cuts a text that is longer, and says by how much. */
export function cutText(text: string, maxLength: number = MAX_LINE_LENGTH): string {
  if (text.length <= maxLength) return text;
  const kept = text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "");
  return `${kept}… and ${text.length - kept.length} more characters`;
}

/** Joins lines by ` ⏎ `: the journal keeps one line an event, and gives the others no priority. */
export function oneLine(text: string): string {
  if (!text.includes("\n")) return text;
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ⏎ ");
}

/** Removes terminal sequences, control characters and invisible ones. A lone CR ends a line: it would hide what stands before it. */
export function withoutControls(text: string): string {
  if (!HAS_HIDDEN.test(text)) return text;
  return withoutSequences(text.replaceAll(/\r\n?/g, "\n")).replaceAll(HIDDEN, "");
}

function withoutSequences(text: string): string {
  const [first = "", ...parts] = text.replaceAll(CONTROL_SEQUENCE_INTRODUCER, `${ESCAPE}[`).split(ESCAPE);
  return (
    first +
    parts
      .map((part, index) =>
        STRING_BEGINNING.test(part) ? afterString(part, parts[index + 1] ?? "") : part.replace(SEQUENCE, ""),
      )
      .join("")
  );
}

/** What follows a string's end; a string that has none is shown. */
function afterString(part: string, next: string): string {
  const end = part.indexOf(BELL);
  if (end >= 0) return part.slice(end + 1);
  return next.startsWith("\\") ? "" : part;
}

/** Parses JSON that others wrote, within a bound that the caller keeps; undefined where it is none, which a schema then reports. */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

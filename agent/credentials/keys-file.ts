// Reads a file of variables as people write one: in the forms of a shell, of systemd's EnvironmentFile, or of AWS CLI. A line that names
// a key in another form is an error, since the key would be missing without a word.
import { SatelliteError } from "../errors.ts";

const BLANK = String.raw`(?:[ \t]|\\\n)*`;
const VALUE = String.raw`(?:"(?:[^"\\]|\\[\s\S])*"|'[^']*'|\\[\s\S]|[^\s;&"'\\])*`;
const COMMENT = /[ \t]*[#;].*\n?/y;
const BLANKS = new RegExp(BLANK, "y");
const PREFIX = /(?:export|declare|typeset|readonly)(?:[ \t]+-\w+)*[ \t]+/y;
/** `A= B=x` and `A= # x` give A no value; within a word `#` begins no comment. */
const ASSIGNMENT = new RegExp(
  `(\\w+)[ \\t]*=(?:[ \\t]+(?!#))?(?!AWS_\\w+[ \\t]*=)(${VALUE})(?=[\\s;&]|\\\\\\n|$)${BLANK}(?:;|&&)?`,
  "y",
);
const REST = /[^\n]*\n?/y;
const KEY_NAME = /\bAWS_(?:ACCESS_KEY(?:_ID)?|SECRET_(?:ACCESS_)?KEY|(?:SESSION|SECURITY)_TOKEN)\b/i;

/** Variables by their names in upper case. @throws credentials-invalid with the line and the form that is wanted */
export function parseKeysFile(text: string, file: string): Readonly<Record<string, string>> {
  const variables = new Map<string, string>();
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (take(COMMENT) !== null) continue;
    const begin = at;
    const refuseLine = () => refuse(text, begin, file);
    take(BLANKS);
    let isExport = take(PREFIX) !== null;
    let isOpen = false;
    for (let found = take(ASSIGNMENT); found !== null; found = take(ASSIGNMENT)) {
      const [, name = "", value = ""] = found;
      variables.set(name.toUpperCase(), readValue(name, value, refuseLine));
      isOpen = KEY_NAME.test(name) && !/(?:;|&&)$/.test(found[0]);
      take(BLANKS);
      isExport = take(PREFIX) !== null;
    }
    checkRest(take(REST)?.[0] ?? "", { isExport, isOpen }, refuseLine);
  }
  return Object.fromEntries(variables);
}

/** The text of a value, without its quotes and escapes. */
function readValue(name: string, value: string, refuseLine: () => never): string {
  const pieces = value.match(/"(?:[^"\\]|\\[\s\S])*"|'[^']*'|\\[\s\S]|[^"'\\]+/g) ?? [];
  const isExpression = pieces.some((piece) => !/^['\\]/.test(piece) && /[$`]/.test(piece));
  if (isExpression && KEY_NAME.test(name)) refuseLine();
  return pieces.map(readPiece).join("");
}

function readPiece(piece: string): string {
  if (piece === "\\\n") return "";
  if (piece.startsWith("\\")) return piece.slice(1);
  if (piece.startsWith("'")) return piece.slice(1, -1);
  return piece.startsWith('"') ? piece.slice(1, -1).replaceAll(/\\(\n|[\s\S])/g, readEscape) : piece;
}

/** In double quotes a shell takes a backslash away before a few characters only. */
function readEscape(written: string, character: string): string {
  if (character === "\n") return "";
  return '"\\$`'.includes(character) ? character : written;
}

/** The assignments of a line: whether they are exported, and whether the last is of a key and has no end before the rest. */
interface Assigned {
  readonly isExport: boolean;
  readonly isOpen: boolean;
}

/** What follows the assignments of a line: a comment, a word of a shell, or names to export, but no key. `A=x word` sets A for a command alone. */
function checkRest(rest: string, { isExport, isOpen }: Assigned, refuseLine: () => never): void {
  const line = rest.trim();
  if (line === "" || /^[#;]/.test(line)) return;
  if (isOpen && !isExport) refuseLine();
  if (!KEY_NAME.test(line)) return;
  if (!isExport || !line.split(/[\s;]+/).every((word) => /^(AWS_[A-Z_]+)?$/.test(word))) refuseLine();
}

function refuse(text: string, offset: number, file: string): never {
  const number = text.slice(0, offset).split("\n").length;
  throw new SatelliteError("credentials-invalid", `${file}:${number}: a key is there in a form that is not read`, {
    hint: "Write AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… there, with or without export, each value complete and without $. A file with [sections] belongs into credentials.profile.file.",
  });
}

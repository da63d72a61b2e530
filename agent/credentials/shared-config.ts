// Reads AWS's shared config and credentials files as AWS CLI does: botocore's configloader, which is Python's configparser. There is
// no comment behind a value, nothing is unescaped, quotes are part of a value, and a section's name is what stands in its brackets.
import { SatelliteError } from "../errors.ts";

/** A section's values by their names in lower case. */
export type SharedSection = ReadonlyMap<string, string>;

/** Sections by their names, e.g. `default` or `profile gpu`. */
export type SharedConfig = ReadonlyMap<string, SharedSection>;

/** A section of this name gives its values to all others. */
const DEFAULTS = "DEFAULT";
const WORD = /(?:[^\s"'\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+/g;
const QUOTED = /\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"/g;

interface Reading {
  readonly file: string;
  readonly sections: Map<string, Map<string, string[]>>;
  section: Map<string, string[]> | undefined;
  /** Lines of the last value, to which a line that is indented further belongs. */
  value: string[] | undefined;
  indent: number;
}

/** @throws credentials-missing when no section begins the file, credentials-invalid with the line that AWS CLI refuses */
export function parseSharedConfig(text: string, file: string): SharedConfig {
  const reading: Reading = { file, sections: new Map(), section: undefined, value: undefined, indent: 0 };
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) readLine(line, index + 1, reading);
  const sections = new Map([...reading.sections].map(([name, values]) => [name, joinValues(values, file)]));
  const defaults = sections.get(DEFAULTS);
  sections.delete(DEFAULTS);
  return new Map([...sections].map(([name, own]) => [name, new Map([...(defaults ?? []), ...own])]));
}

/** Finds a profile: by its own name, as in a credentials file, or behind the word `profile`, as in a config file. */
export function findProfile(
  config: SharedConfig,
  name: string,
): { values: SharedSection; isOfConfig: boolean } | undefined {
  const own = config.get(name);
  if (own !== undefined) return { values: own, isOfConfig: false };
  const [, values] = [...config].findLast(([header]) => profileOf(header) === name) ?? [];
  return values === undefined ? undefined : { values, isOfConfig: true };
}

/** Names of the profiles, for messages. */
export function profileNames(config: SharedConfig): readonly string[] {
  return [...config.keys()].map((header) => profileOf(header) ?? header);
}

/** Reads a header as `shlex.split` does: `profile "a b"` is profile `a b`; more or fewer words, or an open quote, are no profile. */
function profileOf(header: string): string | undefined {
  if (!header.startsWith("profile")) return undefined;
  const words = header.match(WORD) ?? [];
  if (words.length !== 2 || header.replaceAll(WORD, "").trim() !== "") return undefined;
  return words[1]?.replaceAll(QUOTED, (_, escaped, single, double) =>
    double === undefined ? (escaped ?? single) : double.replaceAll(/\\(["\\])/g, "$1"),
  );
}

function readLine(line: string, number: number, reading: Reading): void {
  const text = line.trim();
  if (/^[#;]/.test(text)) return;
  if (text === "") {
    reading.value?.push("");
    return;
  }
  const indent = line.length - line.trimStart().length;
  if (reading.value !== undefined && indent > reading.indent) {
    reading.value.push(text);
    return;
  }
  reading.indent = indent;
  const header = /^\[(.+)\]/.exec(text)?.[1];
  if (header === undefined) readOption(text, number, reading);
  else beginSection(header, number, reading);
}

function beginSection(header: string, number: number, reading: Reading): void {
  const { file, sections } = reading;
  if (sections.has(header) && header !== DEFAULTS) throw invalid(file, number, `[${header}] is there twice`);
  reading.section = sections.get(header) ?? new Map();
  reading.value = undefined;
  sections.set(header, reading.section);
}

function readOption(text: string, number: number, reading: Reading): void {
  const { file, section } = reading;
  if (section === undefined) {
    throw new SatelliteError("credentials-missing", `${file} has no profile: line ${number} is in no section`, {
      hint: "Write [default], or the name in credentials.profile.name, in brackets above it.",
    });
  }
  const at = text.search(/[=:]/);
  if (at <= 0) throw invalid(file, number, "a line is neither a section nor NAME = VALUE");
  const name = text.slice(0, at).trim().toLowerCase();
  if (section.has(name)) throw invalid(file, number, `${name} is there twice`);
  reading.value = [text.slice(at + 1).trim()];
  section.set(name, reading.value);
}

/** A value that begins on the next line is a table of its own (`s3 =`), of which each line needs an equals sign. */
function joinValues(values: ReadonlyMap<string, readonly string[]>, file: string): Map<string, string> {
  return new Map(
    [...values].map(([name, lines]) => {
      const [first, ...rest] = lines;
      if (first === "" && rest.some((line) => line !== "" && !line.includes("=")))
        throw invalid(file, undefined, `a line below ${name} is not NAME = VALUE`);
      return [name, lines.join("\n").trimEnd()];
    }),
  );
}

function invalid(file: string, line: number | undefined, problem: string): SatelliteError {
  return new SatelliteError("credentials-invalid", `${file}${line === undefined ? "" : `:${line}`}: ${problem}`, {
    hint: "AWS CLI cannot read the file either (aws configure list): correct that line.",
  });
}

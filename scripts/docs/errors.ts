// docs/reference/errors.md, from the sources: every SatelliteError that is made, with the templates of its message and hint.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCodes, toReason } from "../../test/docs/reasons.ts";
import { code, prose, renderPage, section, table } from "./markdown.ts";
import { readCalls, splitList } from "./source-calls.ts";

const AGENT = join(import.meta.dirname, "../../agent");
const SOURCES = globSync("**/*.ts", { cwd: AGENT })
  .toSorted()
  .map((name) => ({ name, text: readFileSync(join(AGENT, name), "utf8") }));
const CONSTANTS = readConstants();

interface FoundError {
  readonly code: string;
  readonly room: string;
  readonly message: string;
  readonly hint: string;
}

/** Renders the page. */
export function renderErrors(): string {
  const errors = readErrors();
  const rooms = [...new Set(errors.map(({ room }) => room))];
  const known = errors.map((error) => error.code);
  const others = readCodes().filter((each) => !known.includes(each));
  return renderPage({
    title: "Errors",
    from: "the sources below agent/",
    intro:
      "Every error of the program, by room, with the templates of its message and hint. A condition shows the code in CamelCase as its reason: `cluster-not-found` becomes `ClusterNotFound`. Words in capitals stand for values, and … for a part that depends on the case.",
    sections: [
      ...rooms.map((room) =>
        section(
          code(room),
          table(["code", "reason", "message", "hint"], errors.filter((error) => error.room === room).map(renderRow)),
        ),
      ),
      section(
        "Codes with a message of another program",
        "The message of these comes from AWS, apt-get, nvidia-smi, kubelet or the kernel. [GPU faults](gpu-faults.md) lists the faults of GPUs.",
        table(
          ["code", "reason"],
          others.map((each) => [code(each), code(toReason(each))]),
        ),
      ),
    ],
  });
}

function renderRow(error: FoundError): readonly string[] {
  return [code(error.code), code(toReason(error.code)), prose(error.message), prose(error.hint)];
}

/** Every error that is written with a literal code, by room, code and message. */
export function readErrors(): readonly FoundError[] {
  const found = SOURCES.flatMap(({ name, text }) =>
    readCalls(text, "new SatelliteError").flatMap((call) => readError(name, call)),
  );
  const unique = new Map(found.map((error) => [`${error.room} ${error.code} ${error.message} ${error.hint}`, error]));
  return [...unique].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, error]) => error);
}

function readError(
  name: string,
  [codeText = "", message = "", details = ""]: readonly string[],
): readonly FoundError[] {
  const [, literal] = /^"([a-z0-9-]+)"$/.exec(codeText) ?? [];
  if (literal === undefined) return [];
  const room = name.includes("/") ? `${name.slice(0, name.indexOf("/"))}/` : "agent/*.ts";
  return [{ code: literal, room, message: readTemplate(message), hint: readHint(details) }];
}

function readHint(details: string): string {
  if (!details.startsWith("{")) return "";
  const hint = splitList(details, 1).find((property) => /^hint\b/.test(property));
  return hint === undefined ? "" : readTemplate(hint.replace(/^hint(:\s*)?/, "") || "hint");
}

/** A string or a template as a reader sees it; any other expression is `…`. */
export function readTemplate(expression: string): string {
  const text = expression.replace(/^\/\/[^\n]*\n\s*/, "");
  if (/^"(?:[^"\\]|\\.)*"$/.test(text)) return JSON.parse(text) as string;
  if (!/^`.*`$/s.test(text)) return "…";
  const shown = text
    .slice(1, -1)
    .replaceAll(/\$\{((?:[^{}]|\{[^{}]*\})*)\}/g, (_, value: string, at: number, whole: string) =>
      // A value that follows another is mostly a part of the sentence that may be absent.
      whole.charAt(at - 1) === "}" ? "…" : placeholderOf(value.trim()),
    );
  return shown.replaceAll("\\`", "`");
}

/** A constant is its value; `role.name` → NAME, `clusterVersion` → CLUSTER_VERSION; a longer expression is `…`. */
function placeholderOf(expression: string): string {
  const constant = CONSTANTS.get(expression);
  if (constant !== undefined) return constant;
  const [, last] = /^(?:this\.)?#?(?:\w+\??\.)*#?(\w+)$/.exec(expression) ?? [];
  return last === undefined ? "…" : last.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}

/** Constants of the sources that are one number or string wherever they are declared. */
function readConstants(): ReadonlyMap<string, string> {
  const values = new Map<string, Set<string>>();
  for (const { text } of SOURCES)
    for (const [, name = "", string, number = ""] of text.matchAll(
      /^(?:export )?const ([A-Z][A-Z_]+) = (?:"([^"\\]*)"|([\d_]+));/gm,
    ))
      values.set(name, (values.get(name) ?? new Set()).add(string ?? number.replaceAll("_", "")));
  return new Map(
    [...values].flatMap(([name, [value = "", ...others]]) => (others.length === 0 ? [[name, value]] : [])),
  );
}

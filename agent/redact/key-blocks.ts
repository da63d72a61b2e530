// Secrets of several lines: private keys in armour, base64 that is wrapped, and a value below its name. Lines of a journal have a beginning
// of their own, and other lines may come in between.
import { isSecretName } from "./named-values.ts";
import { isRandom } from "./random-text.ts";
import type { Hide } from "./redaction.ts";

const KEY_BEGINNING = /-----? ?BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY[A-Z ]{0,16}-----?/;
const KEY_END = /-----? ?END [A-Z0-9 ]{0,64}PRIVATE KEY[A-Z ]{0,16}-----?/;
const PUBLIC_BEGINNING = /-----BEGIN [A-Z0-9 ]{0,64}(?:CERTIFICATE|PUBLIC KEY|CRL|X509 CRL)[A-Z ]{0,16}-----/;
const PUBLIC_END = /-----END [A-Z0-9 ]{0,64}(?:CERTIFICATE|PUBLIC KEY|CRL)[A-Z ]{0,16}-----/;
/** Of a key that never ends, such as one that is cut off. */
const MAX_KEY_LINES = 300;
/** A line that has nothing but a part of base64, or a header of the armour. */
const MATERIAL =
  /^(?:[A-Za-z0-9+/_-]{1,16384}={0,2}|=[A-Za-z0-9+/]{4}|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): .{0,200})$/;
/** How the journal, syslog and klog begin a line, and what quotes one. */
const LINE_BEGINNING =
  /^(?:<\d>)?(?:(?:\d{4}-\d\d-\d\dT[\d:.,]{8,20}(?:Z|[+-]\d\d:?\d\d)? |[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )[\w.-]{1,64} )?(?:[\w@.-]{1,64}\[\d{1,10}\]: |(?<= )[\w@.-]{1,64}: )?(?:kubelet: )?(?:[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,8}\d{1,10} [^\]]{0,200}\] )?/;

type Block =
  | { readonly kind: "key"; readonly left: number }
  | { readonly kind: "public" }
  /** A wrapped text whose last line was random. */
  | { readonly kind: "wrapped" }
  /** The line before named a secret: `name: DB_PASSWORD`. */
  | { readonly kind: "named" }
  /** A text of YAML below the name of a secret, `password: |`: all that is indented more. */
  | { readonly kind: "scalar"; readonly indent: number };

/** Shorter lines may be a word. */
const MIN_WRAPPED_LENGTH = 40;
const VALUE_LINE = /^([ \t]{0,200}(?:- )?["']?value["']?[ \t]{0,8}:[ \t]{0,8})(?=\S)(?!\[redacted).{1,16384}$/i;
const SCALAR_LINE = /^[ \t]{0,200}(?:- )?["']?([\w./-]{1,200})["']?[ \t]{0,8}:[ \t]{0,8}[|>][+-]?\d?[ \t]{0,8}$/;
const NAME_LINE =
  /^[ \t]{0,200}(?:- )?["']?(?:name|key)["']?[ \t]{0,8}:[ \t]{0,8}["']?([\w./-]{1,200})["']?,?[ \t]{0,8}$/i;

/** What stands before a writer's own words. */
function beginningOf(line: string): string {
  return LINE_BEGINNING.exec(line)?.[0] ?? "";
}

/** Goes over the lines of one text; a line of which nothing stays becomes undefined. Lines of certificates are added to `publicLines`. */
export function createBlockHider(hide: Hide, publicLines: Set<string>): (line: string) => string | undefined {
  let block: Block | undefined;
  return (line) => {
    if (line.trim() === "") return line;
    const beginning = beginningOf(line);
    const step = stepOf(block, line.slice(beginning.length), hide);
    if (block?.kind === "public" && step.block === block) publicLines.add(line);
    block = step.block;
    return step.payload === undefined ? undefined : beginning + step.payload;
  };
}

interface Step {
  readonly block: Block | undefined;
  readonly payload: string | undefined;
}

function stepOf(block: Block | undefined, payload: string, hide: Hide): Step {
  if (block?.kind === "key") return inKey(block.left, payload, hide);
  const bare = payload.trim();
  if (block?.kind === "public" && MATERIAL.test(bare)) return { block, payload };
  const key = KEY_BEGINNING.exec(payload);
  if (key !== null) return beginKey(payload, key, hide);
  if (PUBLIC_BEGINNING.test(payload))
    return { block: PUBLIC_END.test(payload) ? undefined : { kind: "public" }, payload };
  if (MATERIAL.test(bare) && (block?.kind === "wrapped" || (bare.length >= MIN_WRAPPED_LENGTH && isRandom(bare))))
    return { block: { kind: "wrapped" }, payload: block?.kind === "wrapped" ? undefined : hide("random text") };
  if (block?.kind === "scalar" && indentOf(payload) > block.indent) return { block, payload: undefined };
  const [, scalar] = SCALAR_LINE.exec(payload) ?? [];
  if (scalar !== undefined && isSecretName(scalar))
    return { block: { kind: "scalar", indent: indentOf(payload) }, payload: `${payload} ${hide("value")}` };
  const [, name] = block?.kind === "named" ? (VALUE_LINE.exec(payload) ?? []) : [];
  if (name !== undefined) return { block: undefined, payload: `${name}${hide("value")}` };
  return { block: namesSecret(payload) ? { kind: "named" } : undefined, payload };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function namesSecret(payload: string): boolean {
  return isSecretName(NAME_LINE.exec(payload)?.[1] ?? "");
}

/** What stands before the key stays, and what follows one that ends on its line. */
function beginKey(payload: string, { index, 0: { length } }: RegExpExecArray, hide: Hide): Step {
  const before = payload.slice(0, index) + hide("private key");
  const rest = payload.slice(index + length);
  const end = KEY_END.exec(rest);
  if (end === null) return { block: { kind: "key", left: MAX_KEY_LINES }, payload: before };
  const next = stepOf(undefined, rest.slice(end.index + end[0].length), hide);
  return { block: next.block, payload: before + (next.payload ?? "") };
}

function inKey(left: number, payload: string, hide: Hide): Step {
  const end = KEY_END.exec(payload);
  const after = end === null ? payload : payload.slice(end.index + end[0].length);
  if (end !== null) return after === "" ? { block: undefined, payload: undefined } : stepOf(undefined, after, hide);
  const bare = payload.trim();
  const block = left > 1 ? ({ kind: "key", left: left - 1 } as const) : undefined;
  const isPart = bare === "" || MATERIAL.test(bare) || KEY_BEGINNING.test(bare);
  return { block, payload: isPart ? undefined : payload };
}

// authorize and revoke against aws-iam-authenticator's own reader of aws-auth: a document that they change means to it what it meant
// before, and this node's entry more or less; one that it cannot read is refused. No sandbox is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addMapping, nodeMapping, removeMappings } from "../../agent/admin/aws-auth.ts";
import { parsePrincipal } from "../../agent/admin/principal.ts";
import { hasCode } from "../../agent/errors.ts";
import { Chance, generateList } from "../fakes/aws-auth-texts.ts";
import { type AuthenticatorAnswer, readAsAuthenticator } from "../sandbox/aws-auth-reader.ts";

const ROLE_ARN = "arn:aws:iam::111122223333:role/eks-satellite-node";
const mapping = nodeMapping(parsePrincipal(ROLE_ARN, "role", "--role-arn"), undefined);
const DOCUMENTS = 20_000;

/** What people, templates and other readers of YAML put into such a text. */
const PIECES = [
  ...["\t", " ", "  ", "\n", "\n  ", "\n- ", "\n\n", "\r", "\r\n", "\u0085", "\u2028", "\ufeff", "\u0007"],
  ...["- ", "- - ", "? ", "? a\n: b", ": ", ":", "{", "}", "[", "]", ",", ", ", "#", " #", "''", "'", '"', "\\"],
  ...[
    "&a ",
    "*a",
    "&a.b ",
    "<<: *a\n",
    "<<: ",
    "!",
    "!!str ",
    "!!int ",
    "!!binary ",
    "|\n",
    "|2\n",
    ">\n",
    "%",
    "@",
    "`",
  ],
  ...["---\n", "...\n", "%YAML 1.2\n", "yes", "~", "null", "012", ".nan", "1e3", "0x1f", "{{x}}", "a: b", "key: ", "é"],
  ...["\\u00e9", "\\ud83d", "\\/", "\\'", "\\x41", "\\N"],
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly piece: string;
}

const edits = fc.array(fc.record({ at: fc.nat(5000), cut: fc.nat(4), piece: fc.constantFrom("", ...PIECES) }), {
  maxLength: 3,
});
const texts = fc
  .tuple(fc.nat(), edits)
  .map(([seed, changes]) => changes.reduce(applyEdit, generateList(new Chance(seed), "rolearn").text));

function applyEdit(text: string, { at, cut, piece }: Edit): string {
  const from = at % (text.length + 1);
  return text.slice(0, from) + piece + text.slice(from + cut);
}

/** A text that was changed, and what revoke makes of it again; undefined when a text was refused. */
interface Outcome {
  readonly before: string;
  readonly added: string;
  readonly removed: string;
}

function change(before: string): Outcome | undefined {
  try {
    const added = addMapping({ mapRoles: before }, mapping, undefined)?.after;
    if (added === undefined) return undefined;
    const removed = removeMappings({ mapRoles: added }, mapping, undefined)?.after ?? added;
    return { before, added, removed };
  } catch (error) {
    if (hasCode(error, "aws-auth-invalid") || hasCode(error, "aws-auth-uneditable")) return undefined;
    throw error;
  }
}

const isRead = ({ error = "", unreadable }: AuthenticatorAnswer) =>
  unreadable === undefined && !error.includes("json:");

test(`of ${DOCUMENTS} documents, whole and broken, the authenticator reads what was changed as it should`, async () => {
  const documents = fc.sample(texts, { numRuns: DOCUMENTS, seed: 1 });
  const outcomes = documents.map(change).filter((outcome) => outcome !== undefined);
  const answers = await readAsAuthenticator(
    outcomes.flatMap(({ before, added, removed }) => [before, added, removed].map((mapRoles) => ({ mapRoles }))),
  );
  for (const [index, { before, added, removed }] of outcomes.entries()) {
    const [was, is, again] = answers.slice(index * 3, index * 3 + 3);
    assert.ok(was !== undefined && is !== undefined && again !== undefined);
    assert.ok(isRead(was), `changed although unreadable: ${was.error}\n${before}`);
    assert.ok(isRead(is), `unreadable after the change: ${is.error}\n${added}`);
    assert.deepEqual(is.roles, [...was.roles, mapping.entry], added);
    assert.deepEqual(again.roles, was.roles, removed);
  }
  assert.ok(outcomes.length > DOCUMENTS / 3, `only ${outcomes.length} were changed`);
});

test("what the authenticator cannot read is refused, whatever is wrong in it", async () => {
  const documents = fc.sample(texts, { numRuns: DOCUMENTS / 2, seed: 2 }).map((mapRoles) => ({ mapRoles }));
  const unreadable = (await readAsAuthenticator(documents)).flatMap((answer, index) => (isRead(answer) ? [] : [index]));
  for (const index of unreadable)
    assert.throws(
      () => addMapping(documents[index] ?? {}, mapping, undefined),
      { code: "aws-auth-invalid", message: /^mapRoles in aws-auth cannot be read: / },
      JSON.stringify(documents[index]),
    );
  assert.ok(unreadable.length > 500, `only ${unreadable.length} were unreadable`);
});

test("hand-written documents are changed or refused as the authenticator reads them", async () => {
  const entry = (username: string) =>
    `- rolearn: arn:aws:iam::111122223333:role/dev\n  username: ${username}\n  groups: [devs]\n`;
  const readable = [
    "``",
    entry('"{{SessionName}}"'),
    entry("2026-01-02"),
    entry("08:30"),

    "[]",
    "~",
  ];
  const broken = [
    entry("{{SessionName}}"),
    entry("yes"),
    entry("012"),
    entry("[a]"),

    "- a\n",
    "a: b\n",
    entry("*no"),
  ];
  const answers = await readAsAuthenticator([...readable, ...broken].map((mapRoles) => ({ mapRoles })));
  assert.deepEqual(answers.map(isRead), [...readable.map(() => true), ...broken.map(() => false)]);
  assert.deepEqual(
    [...readable, ...broken].map((text) => change(text) !== undefined),
    answers.map(isRead),
  );
});

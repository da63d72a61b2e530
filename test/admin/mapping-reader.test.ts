import assert from "node:assert/strict";
import { test } from "node:test";
import { isEmptyText, readMappings } from "../../agent/admin/mapping-reader.ts";

const entry = (rest: string) => `- rolearn: arn:aws:iam::111122223333:role/dev\n  ${rest}\n`;
const UNREADABLE = /cannot read it either/;
const IGNORED = /leaves that out and reads the rest/;
const UNSURE = /may read it/;

/** Texts that are refused, with a word of the message and what the hint says of the authenticator. */
const REFUSED: readonly (readonly [text: string, message: RegExp, hint: RegExp])[] = [
  [
    entry("username: {{SessionName}}"),
    /its entry 1: "\{SessionName\}" is a key in brackets: .*"\{\{…\}\}".* line 2/,
    UNREADABLE,
  ],
  [`${entry("username: a")}${entry("groups: [{{x}}]")}`, /its entry 2: /, UNREADABLE],
  [entry("note: {deep: [{? [a] : b}]}"), /key in brackets/, UNREADABLE],
  [entry("~: x"), /a key is empty/, UNREADABLE],
  [entry("priority: .nan"), /\.nan is a number that JSON lacks/, UNREADABLE],
  [entry("username: *nobody"), /\*nobody/, UNREADABLE],
  [entry("username: &a.b x"), /&a\.b/, UNREADABLE],
  [entry("<<: [a]"), /<< takes a mapping/, UNREADABLE],
  [entry('username: "a\\/b"'), /the escape \\\//, UNREADABLE],
  [entry('username: "\\ud83d\\ude00"'), /the escape \\ud8/, UNREADABLE],
  [entry("username: a\u0007"), /control character/, UNREADABLE],
  ["rolearn: x\n", /it is not a list$/, UNREADABLE],
  ["- a\n", /its entry 1 is not a mapping at line 1$/, IGNORED],
  [entry("username: 012"), /username is the number 10 in YAML 1\.1, not a text: put it in quotes/, IGNORED],
  [entry("username: yes"), /username is the boolean true/, IGNORED],
  [entry("username: 0o17"), /the number 15/, IGNORED],
  [entry("username: 1_000"), /the number 1000/, IGNORED],
  [entry("groups: devs"), /groups is not a list/, IGNORED],
  [entry("groups: [devs, 1e3]"), /an item of groups is the number 1000/, IGNORED],
  [entry("sso: {accountID: 012345678901, permissionSetName: a}"), /accountID is the number 12345678901/, IGNORED],
  [entry("USERNAME: on"), /USERNAME is the boolean true/, IGNORED],
  [entry("rolearn: again"), /the key rolearn is there twice: Map keys must be unique at line 2/, UNSURE],
  [`${entry("username: a")}---\n- b\n`, /multiple documents at line 3$/, UNSURE],
  [`%YAML 1.2\n---\n${entry("username: a")}`, /a directive/, UNSURE],
  [entry("username: !secret a"), /the tag !secret/, UNSURE],
  [entry("username: !!binary YQ=="), /the tag/, UNSURE],
  ["-\trolearn: a\n", /Tabs are not allowed as indentation at line 1/, UNSURE],
  [entry("username: a\u0085b"), /an unusual line break/, UNSURE],
  ["- rolearn: a\r- rolearn\n", /an unusual line break/, UNSURE],
  ["[{rolearn: a?b}]", /has no quotes/, UNSURE],
  ["[{rolearn:, b: c}]", /no blank after its colon/, UNSURE],
  ["[{rolearn\n: a}]", /on two lines/, UNSURE],
  // go-yaml counts the mark as a column, so that a second entry is out of line.
  [`\ufeff${entry("username: a")}`, /its entry 1/, UNSURE],
  ["\r\n...\n", /an end mark without a document/, UNSURE],
  [entry("groups: [\na\n]"), /sufficiently indented/, UNSURE],
];

test("a text that the authenticator cannot read, or may read differently, is refused with the entry and the severity", () => {
  for (const [text, message, hint] of REFUSED) {
    assert.throws(() => readMappings(text, "mapRoles"), { code: "aws-auth-invalid", message, hint }, text);
    assert.throws(() => readMappings(text, "mapRoles"), { hint: /left alone.*kubectl edit/ }, text);
  }
});

test("a text without quotes that no reader takes for a number stays a text", () => {
  for (const word of ["2026-01-02", "1.2.3", "0x", "yess", "a: b".replace(": ", ":"), "-x", "+.nan", "._5", "08:30"])
    assert.deepEqual(readMappings(entry(`username: ${word}`), "mapRoles").entries[0]?.username, word);
});

test("the values of other fields are not looked at, and userarn is no field of a role", () => {
  assert.equal(readMappings(entry("priority: 012\n  userarn: 3"), "mapRoles").entries[0]?.priority, 10);
  assert.throws(() => readMappings("- userarn: 3\n", "mapUsers"), { message: /userarn is the number 3/ });
});

test("<< merges in go-yaml's order: what comes later counts", () => {
  const text =
    "- &base {rolearn: a, username: b}\n- rolearn: c\n  <<: *base\n- <<: *base\n  rolearn: c\n- <<: [{username: x}, *base]\n";
  const [, first, second, third] = readMappings(text, "mapRoles").entries;
  assert.deepEqual(
    [first, second, third].map((each) => [each?.rolearn, each?.username]),
    [
      ["a", "b"],
      ["c", "b"],
      ["a", "x"],
    ],
  );
});

test("an alias means the last anchor before it", () => {
  const { entries } = readMappings(
    "- {username: &a x}\n- {username: *a}\n- {username: &a z}\n- {username: *a}\n",
    "mapRoles",
  );
  assert.deepEqual(
    entries.map(({ username }) => username),
    ["x", "x", "z", "z"],
  );
});

test("a tab after a word or in a comment, and CRLF, are read", () => {
  const { entries } = readMappings("# a\tb\r\n- rolearn:\ta\r\n  username: b\t\r\n", "mapRoles");
  assert.deepEqual(entries, [{ rolearn: "a", username: "b" }]);
});

test("what the authenticator takes for empty has no entries", () => {
  for (const text of ["", " \n", "``", "``\n", '""', "''"]) {
    assert.equal(isEmptyText(text), true, text);
    assert.deepEqual(readMappings(text, "mapRoles").entries, [], text);
  }
  assert.equal(isEmptyText("- ``"), false);
});

test("a large text takes no more than a moment, however it is nested", () => {
  const began = performance.now();
  const entries = Array.from(
    { length: 8000 },
    (_, index) => `- {rolearn: "arn:aws:iam::1:role/r${index}", username: u, groups: [a, b]}\n`,
  );
  assert.equal(readMappings(entries.join(""), "mapRoles").entries.length, 8000);
  assert.throws(() => readMappings(`- ${"[".repeat(100_000)}`, "mapRoles"), { code: "aws-auth-invalid" });
  assert.ok(performance.now() - began < 20_000);
});

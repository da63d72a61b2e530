// The shells themselves are asked: what comes out of a quoted text is what went in.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { quoteWord, withInput } from "../../../agent/admin/user-data/shell.ts";

const NASTY = [
  "",
  "a b",
  "'",
  "''",
  '"',
  "$HOME",
  "$(id)",
  "`id`",
  "\\",
  "!",
  "#cloud-config",
  "*",
  "~",
  "-n",
  "a\nb",
  "END",
  "%s",
  "ß😀",
  "ENDß",
  "E😀\nB\n",
  "\t",
];
const SHELLS = ["bash", "dash"] as const;
const text = fc
  .array(fc.oneof(fc.constantFrom(...NASTY, "END\n", "END_1\n", "\n"), fc.string()))
  .map((parts) => parts.join("").replaceAll("\0", ""));

for (const shell of SHELLS) {
  const run = (script: string) => execFileSync(shell, [], { input: script, encoding: "utf8" });

  test(`${shell} takes a quoted word as it is`, () => {
    for (const word of NASTY) assert.equal(run(`printf %s ${quoteWord(word)}`), word);
    fc.assert(
      fc.property(text, (word) => run(`printf %s ${quoteWord(word)}`) === word),
      { numRuns: 60 },
    );
  });

  test(`${shell} takes a text as a command's input as it is, whatever lines are in it`, () => {
    fc.assert(
      fc.property(text, (lines) => run(`${withInput("cat", `${lines}\n`)}printf done`) === `${lines}\ndone`),
      { numRuns: 60 },
    );
  });
}

test("a text that leaves no mark for the end of a here-document goes through a pipe", () => {
  const lines = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", (first) => `${first}ß\n`).join("");
  const script = withInput("cat", lines);
  assert.match(script, /^printf /);
  for (const shell of SHELLS) assert.equal(execFileSync(shell, [], { input: script, encoding: "utf8" }), lines);
});

test("a word that needs no quotes has none", () => {
  assert.equal(quoteWord("https://mirror.example.com:8443/a_b-c"), "https://mirror.example.com:8443/a_b-c");
});

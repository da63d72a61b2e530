import assert from "node:assert/strict";
import { test } from "node:test";
import { listExplanations } from "../../agent/explain/catalogue.ts";
import type { Explanation } from "../../agent/explain/explanation.ts";
import { renderExplanations, renderList } from "../../agent/explain/render.ts";
import { TEXTS } from "../../agent/explain/texts.ts";

const ONE: Explanation = {
  kind: "reason",
  name: "DiskOdd",
  aliases: ["disk-odd"],
  meaning: "A disk is odd.",
  details: ["A reason of DiskAvailable."],
  todo: "Mend it.",
  ask: "The provider.",
  more: "`df`",
  wordings: [{ code: "disk-odd", message: "PATH is odd", hint: "Mend PATH." }],
  see: ["DiskAvailable"],
};

test("an explanation is the name, what it means, what to do, whom to ask, and the words in which it is reported", () => {
  assert.equal(
    renderExplanations([ONE]),
    [
      "DiskOdd (reason, also disk-odd)",
      "  A disk is odd. A reason of DiskAvailable.",
      "  What to do:",
      "    Mend it.",
      "  Whom to ask:",
      "    The provider.",
      "  More:",
      "    `df`",
      "  It says:",
      "    PATH is odd",
      "      → Mend PATH.",
      "  See:",
      "    DiskAvailable",
      "",
    ].join("\n"),
  );
});

test("what is not known has no heading", () => {
  const text = renderExplanations([{ ...ONE, kind: "event", aliases: [], wordings: [], see: [], details: [] }]);
  assert.doesNotMatch(text, /It says|See|also/);
});

test("of many names the first are shown, and how many more there are", () => {
  const see = Array.from({ length: 50 }, (_, index) => `Name${index}`);
  assert.match(renderExplanations([{ ...ONE, see }]), /Name39, and 10 more\n$/);
});

test("no line is wider than a terminal, but for a word that cannot be broken", () => {
  const all = listExplanations(TEXTS);
  for (const line of [...renderExplanations(all).split("\n"), ...renderList(all).split("\n")])
    assert.ok(line.length <= 100 || line.trim().split(" ").length === 1 || /^\w/.test(line), line);
});

test("the list has every name under its kind", () => {
  const all = listExplanations(TEXTS);
  const words = new Set(renderList(all).split(/\s+/));
  for (const { name } of all) assert.ok(words.has(name), name);
});

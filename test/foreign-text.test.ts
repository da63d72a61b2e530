import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText, oneLine, withoutControls } from "../agent/foreign-text.ts";
import { assertFast, FLOODS } from "./fakes/floods.ts";

test("several lines become one, without the blanks around them", () => {
  assert.equal(oneLine("first\n  second\r\n\n\tthird  \n"), "first ⏎ second ⏎ third");
  assert.equal(oneLine("  one line  "), "  one line  ");
});

test("terminal sequences go as a whole: colours, titles, links, a cleared screen", () => {
  for (const [written, shown] of [
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u009b2Jgone", "gone"],
    ["\u001b]0;a title\u0007text", "text"],
    ["\u001b]8;;http://x.example\u001b\\link\u001b]8;;\u001b\\", "link"],
    ["\u001bPq#0\u001b\\sixel", "sixel"],
    ["a\u001bcb", "ab"],
    ["\u001b]0;never ends", "]0;never ends"],
  ] as const)
    assert.equal(withoutControls(written), shown, JSON.stringify(written));
});

test("what hides or turns text around goes; letters, blanks and lines stay", () => {
  const evil = "pass\u200bword \u202egnp.exe\u202c \ufeffx\u0000\u0008\u007f\u0085\u2028y\u2066z";
  assert.equal(withoutControls(evil), "password gnp.exe xyz");
  const plain = "Zürich ⏎ 日本 “€” → ✓\ta\nb";
  assert.equal(withoutControls(plain), plain);
  assert.equal(withoutControls("50 %\roverwritten"), "50 %\noverwritten");
});

test("a long text is cut, and says how much is missing", () => {
  assert.equal(cutText("abc", 3), "abc");
  assert.equal(cutText("abcdef", 3), "abc… and 3 more characters");
  assert.equal(cutText(`${"a".repeat(2)}😀b`, 3), "aa… and 3 more characters", "no half of a character");
});

for (const [name, flood] of FLOODS)
  test(`1 MB of ${name} costs no time`, () => {
    assertFast(() => oneLine(flood));
    assertFast(() => withoutControls(flood));
    assertFast(() => oneLine(`x\n${flood}\ny`));
  });

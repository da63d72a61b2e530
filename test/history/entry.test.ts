import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, parseEntries, renderEntry } from "../../agent/history/entry.ts";

const ENTRY: Entry = { at: 1000, up: 500, boot: "b0000001", kind: "event", name: "Repaired", message: "file:/a" };

test("an entry is one line, and is read as it was written", () => {
  const line = renderEntry(ENTRY);
  assert.match(line, /^[^\n]*\n$/);
  assert.deepEqual(parseEntries(line), { entries: [ENTRY], unreadable: 0 });
});

test("a line that a crash has cut costs itself alone", () => {
  const line = renderEntry(ENTRY);
  const text = `${line}${line.slice(0, 30)}\n${line}`;
  assert.deepEqual(parseEntries(text), { entries: [ENTRY, ENTRY], unreadable: 1 });
});

test("what is no entry is counted: zeros after a power cut, another program's lines, a later version's kinds", () => {
  const lines = ["\0".repeat(40), "{}", "[]", "null", "42", JSON.stringify({ ...ENTRY, kind: "else" })];
  assert.deepEqual(parseEntries(`${lines.join("\n")}\n${renderEntry(ENTRY)}`), { entries: [ENTRY], unreadable: 6 });
});

test("a message of any length and kind becomes a short line that can be read", () => {
  for (const message of ["x".repeat(1e6), "one\ntwo\r\u001b[31mred", "\u202eabc", "😀".repeat(1000)]) {
    const line = renderEntry({ ...ENTRY, name: message, reason: message, message });
    assert.ok(line.length < 2500, `${line.length}`);
    const [entry] = parseEntries(line).entries;
    assert.ok(entry !== undefined);
    for (const hidden of ["\n", "\r", "\u001b", "\u202e"]) assert.ok(!entry.message.includes(hidden));
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { appendMapping, lineOf, parseMappings, removeMapping } from "../../agent/admin/mapping-text.ts";

const ENTRY = { rolearn: "arn:nodes", username: "node", groups: ["system:nodes"] };
const append = (text: string) => appendMapping(parseMappings(text, "mapRoles"), "mapRoles", ENTRY);
const remove = (text: string, index: number) => removeMapping(parseMappings(text, "mapRoles"), "mapRoles", index);

test("an entry is found by its line, comments counted", () => {
  const list = parseMappings("# The team\n- rolearn: a\n\n# Nodes\n- rolearn: b\n", "mapRoles");
  assert.deepEqual([lineOf(list, 0), lineOf(list, 1)], [2, 5]);
});

test("an absent, empty or null list has no entries", () => {
  for (const text of ["", "null", "~", '""', "[]", "# only a comment\n"])
    assert.deepEqual(parseMappings(text, "mapRoles").entries, [], text);
});

test("an entry is appended with the list's own margin and line ends", () => {
  assert.equal(
    append("  - rolearn: a\r\n"),
    "  - rolearn: a\r\n  - rolearn: arn:nodes\r\n    username: node\r\n    groups:\r\n      - system:nodes\r\n",
  );
});

test("a missing line end is added before the entry", () => {
  assert.match(append("- rolearn: a"), /^- rolearn: a\n- rolearn: arn:nodes\n/);
});

test("an entry goes before the document's end marker", () => {
  const text = append("- rolearn: a\n...\n");
  assert.match(text, /^- rolearn: a\n- rolearn: arn:nodes\n[\s\S]*\n\.\.\.\n$/);
});

test("a flow list stays one, also when it ends in a comma", () => {
  const flow = JSON.stringify(ENTRY);
  assert.equal(append("[{rolearn: a}]\n"), `[{rolearn: a}, ${flow}]\n`);
  assert.equal(append("[{rolearn: a},]\n"), `[{rolearn: a}, ${flow},]\n`);
});

test("an entry is cut out with its lines, and the comments around it stay", () => {
  const text = "# first\n- rolearn: a\n  username: x # of a\n# second\n- rolearn: b\n# end\n";
  assert.equal(remove(text, 0), "# first\n# second\n- rolearn: b\n# end\n");
  assert.equal(remove(text, 1), "# first\n- rolearn: a\n  username: x # of a\n# second\n# end\n");
});

test("a list that loses its last entry is an empty list, not null", () => {
  assert.deepEqual(parseMappings(remove("- rolearn: a\n", 0), "mapRoles").entries, []);
  assert.equal(remove("- rolearn: a\n", 0), "[]\n");
});

test("an entry of a flow list goes with the comma that it no longer needs", () => {
  const text = "[{rolearn: a}, {rolearn: b}, {rolearn: c}]";
  for (const [index, expected] of [
    ["b", "c"],
    ["a", "c"],
    ["a", "b"],
  ].entries())
    assert.deepEqual(
      parseMappings(remove(text, index), "mapRoles").entries,
      expected.map((rolearn) => ({ rolearn })),
    );
});

test("a text that is not a list of mappings is refused with its key", () => {
  for (const [text, message] of [
    ["a: b\n", /^mapRoles in aws-auth cannot be read: it is not a list$/],
    ["- a\n", /its entry 1 is not a mapping/],
    ["- rolearn: a\n- [b]\n", /its entry 2 is not a mapping/],
    ["- {rolearn: a, rolearn: b}\n", /Map keys must be unique/],
  ] as const)
    assert.throws(() => parseMappings(text, "mapRoles"), { code: "aws-auth-invalid", message }, text);
});

test("a removal that would break another entry's alias is refused", () => {
  const text = "- rolearn: a\n  groups: &all [x]\n- rolearn: b\n  groups: *all\n";
  assert.throws(() => remove(text, 0), { code: "aws-auth-uneditable", hint: /let-machines-in\.md/ });
  assert.equal(remove(text, 1), "- rolearn: a\n  groups: &all [x]\n");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readErrors, readTemplate } from "../../scripts/docs/errors.ts";
import { readCalls, splitList } from "../../scripts/docs/source-calls.ts";

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: templates as they stand in sources
test("arguments end at commas that are not within brackets, strings, templates or comments", () => {
  const source = 'x(); f("a, b", `c, ${g(1, "}")}, d`, { e: [1, 2] }, // one, two\n  h) + f(`)`, \'(\')';
  assert.deepEqual(readCalls(source, "f"), [
    ['"a, b"', '`c, ${g(1, "}")}, d`', "{ e: [1, 2] }", "// one, two\n  h"],
    ["`)`", "'('"],
  ]);
  assert.deepEqual(splitList("{ hint: `a ${b}`, cause }", 1), ["hint: `a ${b}`", "cause"]);
});

test("a value in a message is a word in capitals, a constant its value, anything longer an ellipsis", () => {
  assert.equal(readTemplate('"there is no token"'), "there is no token");
  assert.equal(readTemplate("`role ${role.name} of ${clusterVersion}`"), "role NAME of CLUSTER_VERSION");
  assert.equal(readTemplate("`${names.join(`, `)}; ${a}${b}`"), "…; A…");
  assert.equal(readTemplate("`port ${KUBELET_PORT} is taken`"), "port 10250 is taken");
  assert.equal(readTemplate("isLate ? one : other"), "…");
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

test("no message is read in a half: none has a brace, a dollar sign of a template, or a quote at its end", () => {
  const errors = readErrors();
  assert.ok(errors.length > 150);
  for (const { code, message, hint } of errors)
    for (const text of [message, hint]) assert.doesNotMatch(text, /\$\{|`$|"$/, `${code}: ${text}`);
});

// What the program says of the documentation is there: the pages that hints name, and an entry for each reason of a condition.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { readPage, TOP } from "./markdown.ts";
import { NEVER_A_REASON, readCodes, readReasons, readVerifyCodes, toReason } from "./reasons.ts";

const PAGE = "docs/troubleshooting/README.md";
/** Reasons that are kubelet's or Node.js' own words, or that stand for many. */
const PASSED_ON = ["KubeletNotReady", "NoCondition", "Unexpected"];

const reasons = [
  ...new Set([
    ...readCodes()
      .filter((code) => NEVER_A_REASON[code] === undefined)
      .map(toReason),
    ...readReasons(),
    ...readVerifyCodes().map(toReason),
    ...PASSED_ON,
  ]),
].toSorted();
const headings = readPage(PAGE).headings.map(({ text }) => text);

test("every reason that a condition may have, and every code of verify, has a heading in the troubleshooting page", () => {
  assert.ok(readVerifyCodes().length > 8, "codes of verify were found in the sources");
  assert.ok(reasons.length > 130, "reasons were found in the sources");
  assert.deepEqual(
    reasons.filter((reason) => !headings.includes(reason)),
    [],
  );
});

test("every heading there that looks like a reason is one, and stands once", () => {
  const named = headings.filter((text) => /^[A-Z][A-Za-z0-9]+$/.test(text) && /[a-z][A-Z]/.test(text));
  assert.ok(named.length > 80);
  assert.deepEqual(
    named.filter((text) => !reasons.includes(text)),
    [],
  );
  assert.deepEqual(headings.toSorted(), [...new Set(headings)].toSorted());
});

test("what is said never to be a reason is a code of the sources", () => {
  const codes = readCodes();
  assert.deepEqual(
    Object.keys(NEVER_A_REASON).filter((code) => !codes.includes(code)),
    [],
  );
});

test("every condition is explained there", () => {
  const text = readFileSync(join(TOP, PAGE), "utf8");
  for (const type of CONDITION_TYPES) assert.ok(text.includes(`\`${type}\``), `${type} is not in ${PAGE}`);
});

test("every page and anchor that the program, the packages or the configuration name exists", () => {
  const files = ["agent/**/*.ts", "packaging/**/*", "systemd/*", "config.example.yaml"].flatMap((pattern) =>
    globSync(pattern, { cwd: TOP, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const named = files.flatMap(
    (file) => readFileSync(file, "utf8").match(/(?<![\w./-])docs\/[\w/-]+\.md(?:#[\w-]+)?/g) ?? [],
  );
  assert.ok(named.length > 0, "the program names its documentation");
  for (const name of new Set(named)) {
    const [path = "", anchor] = name.split("#");
    assert.ok(existsSync(join(TOP, path)), `there is no ${path}`);
    if (anchor !== undefined)
      assert.ok(
        readPage(path).headings.some((heading) => heading.anchor === anchor),
        name,
      );
  }
});

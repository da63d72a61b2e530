// YAML 1.1 is what PyYAML reads, and so cloud-init; test/e2e/cloud-init.test.ts asks both of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { renderCloudConfig } from "../../../agent/admin/user-data/render-cloud-config.ts";

const LINES = [
  "",
  " ",
  "  - a",
  "\tb",
  "#cloud-config",
  "# c",
  "'\"",
  "a: |",
  "---",
  "...",
  "%YAML 1.1",
  "yes",
  "$HOME",
  "ß😀",
  "\\",
];
const read = (text: string) => parse(text, { version: "1.1" });

test("a file is what it was, whatever its lines look like", () => {
  const anyText = fc.array(fc.oneof(fc.constantFrom(...LINES), fc.string({ unit: "grapheme-ascii" })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(anyText, (lines) => {
      // A file ends with one line end.
      const content = `${lines.join("\n").replace(/\n+$/, "")}.\n`;
      const text = renderCloudConfig({ header: [], files: [{ path: "/a", mode: "0600", content }], boot: "true\n" });
      const { write_files: files } = read(text);
      assert.deepEqual(files, [{ path: "/a", owner: "root:root", permissions: "0600", content }]);
    }),
    { numRuns: 500 },
  );
});

test("the commands are one item of runcmd, and the first that fails ends it", () => {
  const text = renderCloudConfig({ header: ["one", "two"], files: [], boot: "a \\\n  b\n\nc\n" });
  assert.match(text, /^#cloud-config\n# one\n# two\n/);
  assert.deepEqual(read(text), { runcmd: ["set -eu\na \\\n  b\n\nc\n"] });
});

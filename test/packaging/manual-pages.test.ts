// The manual pages, read by mandoc, man and groff.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import * as z from "zod";
import { withDescendants } from "../../agent/commands/completion/command-tree.ts";
import { configSchema } from "../../agent/config/schema.ts";
import { LOCAL_FOLDERS, readWholeTree } from "../../scripts/shell/files.ts";
import { unlessThere, writeShellFiles } from "./shells.ts";

const folder = join(writeShellFiles(), LOCAL_FOLDERS.man);
const pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.\d$/.test(name))
  .map((name) => join(folder, name));
const tree = readWholeTree();

/** A bold letter is written twice. */
const STRUCK_OVER = new RegExp(`.${String.fromCodePoint(8)}`, "g");

/** The page as a reader sees it, wide enough that nothing is cut. */
async function show(path: string): Promise<string> {
  const { stdout } = await execa("man", ["--local-file", path], { env: { MANWIDTH: "250", LC_ALL: "C.UTF-8" } });
  return stdout.replaceAll(STRUCK_OVER, "");
}

test("every command has a page in section 8, and the configuration one in section 5", () => {
  const names = tree.children.map(({ path }) => `man8/eks-satellite-${path[0]}.8`);
  assert.deepEqual(
    pages.map((path) => path.slice(folder.length + 1)).toSorted(),
    ["man5/eks-satellite-config.5", "man8/eks-satellite.8", ...names].toSorted(),
  );
});

test("mandoc finds nothing to complain about", { skip: unlessThere("mandoc") }, async () => {
  const { stdout } = await execa("mandoc", ["-T", "lint", "-W", "warning", ...pages], { reject: false });
  assert.equal(stdout, "");
});

test("groff has no warning but of words longer than a line", { skip: unlessThere("groff") }, async () => {
  const { stderr } = await execa("groff", ["-man", "-ww", "-z", ...pages]);
  assert.deepEqual(
    stderr.split("\n").filter((line) => line !== "" && !line.endsWith("can't break line")),
    [],
  );
});

test("man shows every option of every command", { skip: unlessThere("man") }, async () => {
  for (const child of tree.children) {
    const text = await show(join(folder, `man8/eks-satellite-${child.path[0]}.8`));
    for (const { path, options, children } of withDescendants(child)) {
      if (children.length > 0) continue;
      assert.ok(text.includes(["eks-satellite", ...path].join(" ")), path.join(" "));
      for (const { flags } of options)
        assert.ok(text.includes(` ${flags}\n`) || text.includes(` ${flags}  `), `${path.join(" ")} ${flags}`);
    }
  }
});

test("man shows every key of the configuration", { skip: unlessThere("man") }, async () => {
  const text = await show(join(folder, "man5/eks-satellite-config.5"));
  const document = z.toJSONSchema(configSchema, { io: "input" }) as {
    properties: Record<string, { properties?: object }>;
  };
  const keys = Object.entries(document.properties).flatMap(([name, { properties = {} }]) =>
    Object.keys(properties).map((key) => `${name}.${key}`),
  );
  assert.ok(keys.length > 40);
  for (const key of keys) assert.match(text, new RegExp(`^ +${key.replaceAll(".", "\\.")}[. ]`, "m"));
});

test("no line begins with a request that a text made", () => {
  for (const path of pages)
    for (const line of readFileSync(path, "utf8").split("\n"))
      assert.match(line, /^(?:[^.']|$|\.(?:TH|SH|SS|TP|PP|B|BR|I|br|ad|nh|EX|EE)\b)/, path);
});

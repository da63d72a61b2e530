import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { CommandContext } from "../../../agent/commands/context.ts";
import { DOCUMENTATION_URL, EXAMPLES, leavesOf } from "../../../agent/commands/help/help.ts";
import { createWholeProgram } from "../../../agent/commands/program/whole.ts";
import { TOP } from "../../docs/markdown.ts";

const program = createWholeProgram({} as CommandContext);
const leaves = leavesOf(program);

function helpOf(name: string): string {
  const lines: string[] = [];
  const command = leaves.find((leaf) => leaf.name === name)?.command ?? program;
  command.configureOutput({ writeOut: (text) => void lines.push(text) }).outputHelp();
  return lines.join("");
}

test("the program's help has the commands in groups, and ends with the documentation's address", () => {
  const help = helpOf("");
  const headings = [...help.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings, [
    "Options",
    ...["On the machine", "Configuration", "For administrators, on any machine", "Other"],
  ]);
  assert.match(help, /\n {2}reset \[options\] /, "packaging/install.sh finds reset by it");
  assert.ok(help.trimEnd().endsWith(`Documentation: ${DOCUMENTATION_URL}/README.md`));
  assert.ok(existsSync(join(TOP, "docs/README.md")));
});

test("every command's help ends with an example of it and the address of its section", () => {
  for (const { name } of leaves) {
    const lines = helpOf(name).trimEnd().split("\n");
    assert.equal(lines.at(-1), `Documentation: ${DOCUMENTATION_URL}/reference/cli.md#${name.replaceAll(" ", "-")}`);
    const example = EXAMPLES[name];
    if (example !== undefined || !name.startsWith("machine ")) assert.equal(lines.at(-2), `Example: ${example}`, name);
  }
});

test("an example uses the command's own options, and gives those that are required", () => {
  for (const [name, example] of Object.entries(EXAMPLES)) {
    const leaf = leaves.find((each) => each.name === name);
    assert.ok(leaf !== undefined, `${name} is no command`);
    if (example.startsWith("systemctl start ")) continue;
    assert.match(example, new RegExp(`^(sudo )?eks-satellite ${name}( |$)`));
    const given = [...example.matchAll(/ (--[a-z-]+)/g)].map(([, option]) => option);
    const known = leaf.command.options.map(({ long }) => long);
    for (const option of given) assert.ok(known.includes(option), `${name} has no ${option}`);
    for (const { long, mandatory } of leaf.command.options)
      if (mandatory) assert.ok(given.includes(long ?? undefined), `${name} requires ${long}`);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import type { CommandContext } from "../../../agent/commands/context.ts";
import { COMMON_EXIT_CODES, EXIT_CODES } from "../../../agent/commands/help/exit-codes.ts";
import { createWholeProgram } from "../../../agent/commands/program/whole.ts";

interface Named {
  readonly name: string;
  readonly command: Command;
}

function leavesOf(command: Command, name = ""): readonly Named[] {
  const below = command.commands.flatMap((child) => leavesOf(child, `${name} ${child.name()}`.trim()));
  return below.length > 0 ? below : [{ name, command }];
}

const commands = leavesOf(createWholeProgram({} as CommandContext));

test("the exit codes that --help names are those of the table", () => {
  const described = commands.filter(({ command }) => command.description().includes("; exit "));
  assert.ok(described.length > 5);
  for (const { name, command } of described) {
    const codes = [...(command.description().split("; exit ")[1] ?? "").matchAll(/\b(\d+) /g)].map(([, code]) => code);
    const known = Object.keys({ ...COMMON_EXIT_CODES, ...EXIT_CODES[name] });
    for (const code of codes) assert.ok(known.includes(code ?? ""), `${name}: ${code}`);
  }
});

test("the table names commands that exist, and each code of theirs is in --help", () => {
  for (const [name, meanings] of Object.entries(EXIT_CODES)) {
    const found = commands.find((each) => each.name === name);
    assert.ok(found !== undefined, name);
    for (const code of Object.keys(meanings))
      assert.match(found.command.description(), new RegExp(`; exit (.*\\b)?${code} `), `${name} ${code}`);
  }
});

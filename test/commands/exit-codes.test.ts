import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import type { CommandContext } from "../../agent/commands/context.ts";
import { COMMON_EXIT_CODES, EXIT_CODES } from "../../agent/commands/exit-codes.ts";
import { createProgram } from "../../agent/commands/program.ts";

interface Named {
  readonly name: string;
  readonly command: Command;
}

function leavesOf(command: Command, name = ""): readonly Named[] {
  const below = command.commands.flatMap((child) => leavesOf(child, `${name} ${child.name()}`.trim()));
  return below.length > 0 ? below : [{ name, command }];
}

const commands = leavesOf(createProgram({} as CommandContext));

test("the exit codes that --help names are those of the table", () => {
  const told = commands.filter(({ command }) => command.description().includes("; exit "));
  assert.ok(told.length > 5);
  for (const { name, command } of told) {
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

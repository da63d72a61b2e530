// The program of the npm package, as a user starts it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CommandContext } from "../agent/commands/context.ts";
import { leavesOf } from "../agent/commands/help/help.ts";
import { LEFT_OUT, openLaptopProgram } from "../agent/commands/program/laptop.ts";
import { createWholeProgram } from "../agent/commands/program/whole.ts";

const LAPTOP = fileURLToPath(new URL("../agent/laptop.ts", import.meta.url));
const NO_CONTEXT = {} as CommandContext;

function start(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAPTOP, ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

test("it has every command that is not about the machine that it runs on", () => {
  const names = leavesOf(openLaptopProgram(NO_CONTEXT, [])).map(({ name }) => name);
  const whole = leavesOf(createWholeProgram(NO_CONTEXT)).map(({ name }) => name);
  assert.deepEqual([...names, ...LEFT_OUT].toSorted(), whole.toSorted());
});

test("a command of the machine is refused with where it is to be run, and others are not", () => {
  for (const words of LEFT_OUT)
    assert.throws(() => openLaptopProgram(NO_CONTEXT, words.split(" ")), {
      code: "not-on-this-computer",
      message: `eks-satellite ${words} is about the machine that it runs on`,
    });
  for (const words of ["config validate", "gateway list", "verify", "runs"])
    openLaptopProgram(NO_CONTEXT, words.split(" "));
});

test("errors, exit codes and help are those of the whole program", () => {
  assert.equal(start("authorise").status, 64);
  assert.match(
    start("authorize", "--region", "us-west-2").stderr,
    /^ERROR required option '--cluster <name>' .* code=usage\n$/,
  );
  const { status, stderr } = start("status");
  assert.deepEqual([status, /code=not-on-this-computer\n$/.test(stderr)], [1, true]);
  const { stdout } = start("--help");
  assert.match(stdout, /^Lets machines outside AWS be nodes of an EKS cluster\.$/m);
});

test("the page for laptops names every command, in the package or left out", () => {
  const page = readFileSync(new URL("../docs/how-to/from-a-laptop.md", import.meta.url), "utf8");
  for (const words of LEFT_OUT) assert.ok(page.includes(`\`${words}\``), words);
  for (const command of openLaptopProgram(NO_CONTEXT, []).commands)
    assert.match(page, new RegExp(`\`${command.name()}\\b`), command.name());
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import {
  collect,
  configOption,
  outputOption,
  parseRegion,
  parseSeconds,
  profileOption,
} from "../../agent/commands/options.ts";

function parse(...args: readonly string[]) {
  const command = new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(profileOption())
    .option("--name <name>", "a name", collect, []);
  return command.parse([...args], { from: "user" }).opts();
}

test("by default the installed configuration is read, and output is text", () => {
  assert.deepEqual(parse(), { config: "/etc/eks-satellite/config.yaml", output: "text", name: [] });
});

test("an option that may be repeated collects its values in order", () => {
  assert.deepEqual(parse("--name", "b", "--name", "a").name, ["b", "a"]);
});

test("another output format is a usage error", () => {
  assert.throws(() => parse("--output", "xml"), { code: "commander.invalidArgument" });
});

test("a duration is seconds, or has a unit; anything else is refused", () => {
  for (const [text, seconds] of [
    ["0", 0],
    ["90", 90],
    ["90s", 90],
    ["5m", 300],
    ["1h", 3600],
  ] as const)
    assert.equal(parseSeconds(text), seconds, text);
  for (const text of ["", "5 minutes", "m", "-1", "1e3", "NaN", "1.5", "5M", "25h", "999999999h", "0x10", "١"])
    assert.throws(() => parseSeconds(text), { code: "commander.invalidArgument", message: /such as 90s or 5m/ }, text);
});

test("a misspelt region is refused with the nearest one", () => {
  assert.equal(parseRegion("us-east-1"), "us-east-1");
  assert.throws(() => parseRegion("us-esat-1"), { message: "It must be an AWS region: did you mean us-east-1?" });
  assert.throws(() => parseRegion("here"), { message: "It must be an AWS region such as us-east-1." });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { collect, configOption, outputOption, profileOption } from "../../agent/commands/options.ts";

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

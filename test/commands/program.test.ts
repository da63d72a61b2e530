import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { renderBash } from "../../agent/commands/completion/bash.ts";
import { renderFish } from "../../agent/commands/completion/fish.ts";
import { renderZsh } from "../../agent/commands/completion/zsh.ts";
import type { CommandContext } from "../../agent/commands/context.ts";
import { leavesOf } from "../../agent/commands/help/help.ts";
import { openProgram } from "../../agent/commands/program/open.ts";
import { createWholeProgram } from "../../agent/commands/program/whole.ts";
import { createLogOutput } from "../../agent/host/log-output.ts";
import { VERSION } from "../../agent/version.ts";
import { readWholeTree } from "../../scripts/shell/files.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const AGENT = join(import.meta.dirname, "../../agent");

function setUp() {
  const printed: string[] = [];
  const exitCodes: number[] = [];
  const host = new MemoryHost();
  const context: CommandContext = {
    ...{ host, environment: {}, program: [], confirm: undefined, stopSignal: new AbortController().signal },
    print: (text) => void printed.push(text),
    printError: () => undefined,
    isTerminal: () => false,
    readInput: async () => "",
    openLog: () => createLogOutput({ stream: process.stdout }),
    printScreen: () => undefined,
    paint: (_style, text) => text,
    exitWith: (exitCode) => void exitCodes.push(exitCode),
    exitNow: async (exitCode) => void exitCodes.push(exitCode),
  };
  return { host, printed, exitCodes, program: createWholeProgram(context), context };
}

function withDescendants(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

test("the program is built without a context: nothing of it is used before a command runs", () => {
  const untouchable = new Proxy({} as CommandContext, {
    get: (_, name) => {
      if (name === "stopSignal") assert.fail("from then on signals would not end a command that never heeds them");
      return new Proxy(() => undefined, {
        apply: () => assert.fail(`${String(name)} was called`),
        get: (_target, key) => assert.fail(`${String(name)}.${String(key)} was read`),
      });
    },
  });
  const names = createWholeProgram(untouchable).commands.map((command) => command.name());
  assert.deepEqual(names, [
    ...[
      "run",
      "plan",
      "check",
      "status",
      "history",
      "explain",
      "bundle",
      "inventory",
      "configure",
      "config",
      "reset",
      "tunnel-key",
    ],
    ...[
      "authorize",
      "revoke",
      "eni",
      "node-name",
      "clusters",
      "user-data",
      "machine",
      "gateway",
      "verify",
      "token",
      "completion",
      "version",
    ],
  ]);
});

test("every file of a command is in the program's table", () => {
  const registering = globSync("**/*.ts", { cwd: join(AGENT, "commands") })
    .filter((name) => /^export function register\(/m.test(readFileSync(join(AGENT, "commands", name), "utf8")))
    .map((name) => basename(name));
  const names = setUp().program.commands.map((command) => `${command.name()}.ts`);
  assert.deepEqual(registering.toSorted(), names.toSorted());
});

test("a command of the machine has no administrator's beside it; all are there where help is asked for, and for the others", async () => {
  const { context } = setUp();
  const whole = createWholeProgram(context).commands.map((command) => command.name());
  const local = whole.filter(
    (name) => !/^(authorize|revoke|eni|node-name|clusters|user-data|machine|verify|token|completion)$/.test(name),
  );
  const namesFor = async (...argv: readonly string[]) =>
    (await openProgram(context, argv)).commands.map((command) => command.name());
  for (const line of ["run", "gateway run --config f", "config show", "status --help", "version"])
    assert.deepEqual(await namesFor(...line.split(" ")), local, line);
  for (const line of [
    "",
    "--help",
    "help",
    "help run",
    "gateway",
    "gateway list",
    "authorize",
    "config",
    "nonsense",
    "--version",
  ])
    assert.deepEqual(await namesFor(...line.split(" ").filter(Boolean)), whole, line);
});

test("every command, option and argument has a description", () => {
  for (const command of withDescendants(setUp().program)) {
    assert.notEqual(command.description(), "", command.name());
    for (const { flags, description } of command.options)
      assert.notEqual(description, "", `${command.name()} ${flags}`);
    for (const argument of command.registeredArguments) assert.notEqual(argument.description, "", argument.name());
  }
});

test("a command's options reach it, and its exit code reaches main.ts", async () => {
  const { program, printed, exitCodes } = setUp();
  await program.parseAsync(["node-name", "--ip", "10.0.2.27", "--region", "us-east-1", "--suffix", "regional"], {
    from: "user",
  });
  assert.deepEqual([printed, exitCodes], [["fargate-ip-10-0-2-27.us-east-1.compute.internal\n"], [0]]);
});

test("version is the version alone, or JSON", async () => {
  const { program, printed } = setUp();
  await program.parseAsync(["version"], { from: "user" });
  assert.deepEqual(printed, [`${VERSION}\n`]);
  const json = setUp();
  await json.program.parseAsync(["version", "--output", "json"], { from: "user" });
  assert.deepEqual(JSON.parse(json.printed.join("")), { version: VERSION });
});

/** Why the others have none. */
const WITHOUT_JSON: Readonly<Record<string, string>> = {
  run: "its output is the log, whose format is log.format",
  "gateway run": "likewise",
  bundle: "it makes an archive, which --output names",
  "clusters kubeconfig": "it writes a kubeconfig, which --output names",
  "user-data": "it prints the user data, or writes it to the file that --output names",
  token: "it prints an ExecCredential, which is JSON",
  completion: "it prints a shell's script",
};

test("every command whose result programs read has --output json; of the others this table says why not", () => {
  const leaves = leavesOf(setUp().program);
  const bare = leaves.filter(({ command }) => {
    const output = command.options.find(({ long }) => long === "--output");
    return output?.argChoices?.includes("json") !== true;
  });
  assert.deepEqual(bare.map(({ name }) => name).toSorted(), Object.keys(WITHOUT_JSON).toSorted());
});

test("a command that fails rejects with its error, and sets no exit code", async () => {
  const { host, program, exitCodes } = setUp();
  host.userId = 1000;
  await assert.rejects(program.parseAsync(["reset", "--yes"], { from: "user" }), { code: "not-root" });
  assert.deepEqual(exitCodes, []);
});

test("what only administrators need of AWS and Kubernetes is not loaded with the daemon", () => {
  const heavy = [
    "commands/program/administrator.ts",
    "admin/node-authorization.ts",
    "host/admin-aws.ts",
    "host/key-chain.ts",
    "host/ec2.ts",
    "host/kubernetes-admin.ts",
    "admin/lambda/shapes.ts",
    "@kubernetes/client-node",
  ];
  const loaded = new Set<string>();
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    if (!name.endsWith(".ts")) return;
    const text = readFileSync(join(AGENT, name), "utf8");
    // Without `import type`: types are erased.
    for (const [, from = ""] of text.matchAll(/^import\s+(?!type\s)(?:[^;"']*?\s+from\s+)?["']([^"']+)["']/gm))
      load(from.startsWith("./") || from.startsWith("../") ? join(dirname(name), from) : from);
  };
  load("programs/daemon.ts");
  load("programs/commands.ts");
  assert.ok(loaded.has("agent.ts"), "the imports were followed");
  assert.ok(loaded.has("commander"), "the imports were followed");
  assert.deepEqual(
    heavy.filter((name) => loaded.has(name)),
    [],
    "import it with `await import(…)` where an administrator's command begins, as commands/admin-clients.ts does",
  );
});

test("completion prints what the packages install, for each shell", async () => {
  const { context } = setUp();
  for (const [shell, render] of [
    ["bash", renderBash],
    ["zsh", renderZsh],
    ["fish", renderFish],
  ] as const) {
    const { program, printed } = setUp();
    await program.parseAsync(["completion", shell], { from: "user" });
    assert.equal(printed.join(""), render(readWholeTree()), shell);
  }
  await assert.rejects(
    (await openProgram(context, ["completion"])).parseAsync(["completion", "tcsh"], { from: "user" }),
  );
});

// The design, drawn from the imports: rooms in order, no cycles, a pure plan, one exit.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertNone, files, root, target } from "./architecture/sources.ts";
import { STAGES } from "./architecture/stages.ts";

/** What reaches the machine behind the back of Host. */
const MACHINE_MODULES = [
  "node:fs",
  "node:fs/promises",
  "node:child_process",
  "node:net",
  "node:http",
  "node:https",
  "node:http2",
  "node:os",
  "execa",
];
/** Serving is not reaching out: the health endpoint listens, and touches nothing. */
const ALLOWED_MODULES: Readonly<Record<string, readonly string[]>> = { "health/http-server.ts": ["node:http"] };

function stageOf(name: string): number {
  return STAGES.findIndex((rooms) =>
    rooms.some((room) => (room.endsWith("/") ? name.startsWith(room) : name === room)),
  );
}

test("every file of agent/ has its room in the design", () => {
  assert.ok(files.length > 50, "agent/ was found");
  assertNone(
    files
      .filter(({ name }) => stageOf(name) < 0)
      .map(
        ({ name }) =>
          `${name} has no room: move it into one of test/architecture/stages.ts, or give its room a line there`,
      ),
  );
});

test("a file imports only its own stage or those above it", () => {
  assertNone(
    files.flatMap(({ name, imports }) =>
      imports
        .map(({ from }) => target(name, from))
        .filter((imported) => imported !== undefined)
        .filter((imported) => stageOf(imported) > stageOf(name))
        .map(
          (imported) =>
            `${name} imports ${imported}, which is further down in test/architecture/stages.ts: hand the value in, or move what both need up`,
        ),
    ),
  );
});

test("no file imports itself through others", () => {
  const graph = new Map(
    files.map(({ name, imports }) => [
      name,
      imports.map(({ from }) => target(name, from)).filter((imported) => imported !== undefined),
    ]),
  );
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]) => {
    if (path.includes(name)) cycles.push([...path.slice(path.indexOf(name)), name].join(" → "));
    if (path.includes(name) || done.has(name)) return;
    for (const imported of graph.get(name) ?? []) visit(imported, [...path, name]);
    done.add(name);
  };
  for (const { name } of files) visit(name, []);
  assertNone(cycles.map((cycle) => `${cycle}: move what two of them share into a file of its own`));
});

test("plan/ neither waits, nor asks the time, nor touches the machine", () => {
  const effects: readonly (readonly [RegExp, string])[] = [
    [/\basync\b|\bawait\b|\bPromise\b|\.then\(/, "plan/ is synchronous"],
    [/\bDate\.now\b|\bnew Date\b|\bperformance\b/, "plan/ has no clock"],
    [/\bMath\.random\b|\brandom(Bytes|UUID)\b/, "plan/ knows no chance"],
    [/(?<!-)\bprocess\.|\bglobalThis\b|\bset(Timeout|Interval|Immediate)\b/, "plan/ has no effects"],
    [/\bhost\./i, "plan/ does not touch the machine"],
  ];
  const planFiles = files.filter(({ name }) => name.startsWith("plan/"));
  assert.ok(planFiles.length > 5);
  assertNone(
    planFiles.flatMap(({ name, code, imports }) => [
      ...effects.filter(([pattern]) => pattern.test(code)).map(([pattern, rule]) => `${name}: ${rule} (${pattern})`),
      ...imports
        .filter(({ from }) => from.startsWith("node:") && from !== "node:util")
        .map(({ from }) => `${name} imports ${from}: plan/ computes only`),
      ...imports
        .filter(({ from, isTypeOnly }) => target(name, from)?.startsWith("host/") && !isTypeOnly)
        .map(({ from }) => `${name} imports ${from} as a value: plan/ does not touch the machine`),
    ]),
  );
});

test("plan/ takes nothing of node:crypto but digests: they come from digest.ts, which takes nothing else", () => {
  const imported = Array.from(
    readFileSync(join(root, "digest.ts"), "utf8").matchAll(/import \{([^}]*)\} from "node:crypto"/g),
    ([, names = ""]) => names.trim(),
  );
  assert.deepEqual(imported, ["createHash"]);
});

test("only host/ reaches the machine and AWS", () => {
  assertNone(
    files
      .filter(({ name }) => !name.startsWith("host/"))
      .flatMap(({ name, imports }) =>
        imports
          .filter(({ from }) => MACHINE_MODULES.includes(from) || from.startsWith("@aws-sdk/client-"))
          .filter(({ from }) => !ALLOWED_MODULES[name]?.includes(from))
          .map(
            ({ from }) =>
              `${name} imports ${from}: the machine is touched only through Host; add a method to host/host.ts, or use one that is there`,
          ),
      ),
  );
});

/** The programs, and what they share. */
const PROGRAMS = [
  "main.ts",
  "laptop.ts",
  "terminal.ts",
  ...["commands", "daemon", "this-machine"].map((name) => `programs/${name}.ts`),
];

test("only terminal.ts and the programs end the process, listen to signals and read the arguments", () => {
  assertNone(
    files
      .filter(({ name }) => !PROGRAMS.includes(name))
      .flatMap(({ name, code }) =>
        [/\bprocess\.(exit|exitCode|abort|argv|env|stdout|stderr)\b/, /\bprocess\.(on|once|addListener)\(/]
          .filter((pattern) => pattern.test(code))
          .map((pattern) => `${name}: ${pattern} belongs to terminal.ts`),
      ),
  );
});

test("importing a file does nothing: no statement stands by itself at top level, the programs aside", () => {
  assertNone(
    files
      .filter(({ name }) => !PROGRAMS.includes(name))
      .flatMap(({ name, code }) =>
        code
          .split("\n")
          .filter((line) => /^(await|void|new|[\w.]+\()/.test(line))
          .map((line) => `${name}: "${line}" runs when the file is imported`),
      ),
  );
});

test("there are no default exports and no barrels", () => {
  assertNone(
    files.flatMap(({ name, code }) =>
      [
        [/^export default\b/m, "exports are named"],
        [/^export \*/m, "no barrels"],
        [/^export (type )?\{[^}]*\} from/m, "no barrels"],
      ].flatMap(([pattern, rule]) => ((pattern as RegExp).test(code) ? [`${name}: ${rule}`] : [])),
    ),
  );
});

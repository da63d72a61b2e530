// The design, drawn from the imports: stages in order, no cycles, a pure plan, one exit.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { STAGES } from "./architecture/stages.ts";

const MAX_LINES = 250;

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
const ALLOWED_MODULES: Readonly<Record<string, readonly string[]>> = { "health/health-server.ts": ["node:http"] };

interface Import {
  readonly from: string;
  readonly isTypeOnly: boolean;
}

interface SourceFile {
  readonly name: string;
  /** Without comments and without what stands in quotes: words in prose are not uses. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

const root = new URL("../agent/", import.meta.url).pathname;
const files = globSync("**/*.ts", { cwd: root }).toSorted().map(readSource);

function readSource(name: string): SourceFile {
  const text = readFileSync(join(root, name), "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^;"']*?\s+from\s+)?["']([^"']+)["']/gm);
  const dynamic = text.matchAll(/import\(\s*["']([^"']+)["']\s*\)/g);
  return {
    name,
    code: text.replaceAll(/\/\*.*?\*\/|(?<![:"'`\\])\/\/[^\n]*/gs, "").replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""'),
    lines: text.trimEnd().split("\n").length,
    imports: [
      ...Array.from(statements, ([, type, from = ""]) => ({ from, isTypeOnly: type !== undefined })),
      ...Array.from(dynamic, ([, from = ""]) => ({ from, isTypeOnly: false })),
    ],
  };
}

/** Path below agent/ of an imported file, or undefined for a package or a file outside. */
function target(importer: string, from: string): string | undefined {
  if (!from.startsWith(".")) return undefined;
  const path = join(dirname(importer), from);
  return path.startsWith("..") ? undefined : path;
}

function stageOf(name: string): number {
  return STAGES.findIndex((rooms) =>
    rooms.some((room) => (room.endsWith("/") ? name.startsWith(room) : name === room)),
  );
}

function assertNone(violations: readonly string[]): void {
  assert.deepEqual(violations, []);
}

test("every file of agent/ has its room in the design", () => {
  assert.ok(files.length > 50, "agent/ was found");
  assertNone(files.filter(({ name }) => stageOf(name) < 0).map(({ name }) => `${name}: not in a stage of the design`));
});

test("a file imports only its own stage or those above it", () => {
  assertNone(
    files.flatMap(({ name, imports }) =>
      imports
        .map(({ from }) => target(name, from))
        .filter((imported) => imported !== undefined)
        .filter((imported) => stageOf(imported) > stageOf(name))
        .map((imported) => `${name} imports ${imported}: data flows down the stages, imports go up`),
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
  assertNone(cycles);
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
        .filter(({ from }) => from.startsWith("node:") && !["node:crypto", "node:util"].includes(from))
        .map(({ from }) => `${name} imports ${from}: plan/ computes only`),
      ...imports
        .filter(({ from, isTypeOnly }) => target(name, from)?.startsWith("host/") && !isTypeOnly)
        .map(({ from }) => `${name} imports ${from} as a value: plan/ does not touch the machine`),
    ]),
  );
});

test("plan/ takes nothing of node:crypto but digests", () => {
  const imported = files
    .filter(({ name }) => name.startsWith("plan/"))
    .flatMap(({ name }) =>
      Array.from(
        readFileSync(join(root, name), "utf8").matchAll(/import \{([^}]*)\} from "node:crypto"/g),
        ([, names = ""]) => `${name}: ${names.trim()}`,
      ),
    );
  assertNone(imported.filter((line) => !line.endsWith(": createHash")));
});

test("only host/ reaches the machine and AWS", () => {
  assertNone(
    files
      .filter(({ name }) => !name.startsWith("host/"))
      .flatMap(({ name, imports }) =>
        imports
          .filter(({ from }) => MACHINE_MODULES.includes(from) || from.startsWith("@aws-sdk/client-"))
          .filter(({ from }) => !ALLOWED_MODULES[name]?.includes(from))
          .map(({ from }) => `${name} imports ${from}: the machine is touched only through Host`),
      ),
  );
});

test("only main.ts ends the process, listens to signals and reads the arguments", () => {
  assertNone(
    files
      .filter(({ name }) => name !== "main.ts")
      .flatMap(({ name, code }) =>
        [/\bprocess\.(exit|exitCode|abort|argv|env|stdout|stderr)\b/, /\bprocess\.(on|once|addListener)\(/]
          .filter((pattern) => pattern.test(code))
          .map((pattern) => `${name}: ${pattern} belongs to main.ts`),
      ),
  );
});

test("importing a file does nothing: no statement stands by itself at top level, main.ts aside", () => {
  assertNone(
    files
      .filter(({ name }) => name !== "main.ts")
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

test(`no file is longer than ${MAX_LINES} lines`, () => {
  assertNone(
    files
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ name, lines }) => `${name} has ${lines} lines: more than ${MAX_LINES}, split it`),
  );
});

test("every file says in its first line what it is for", () => {
  assertNone(
    files
      .filter(({ name }) => !/^\/\/ \S/.test(readFileSync(join(root, name), "utf8")))
      .map(({ name }) => `${name}: the first line is not a comment that says what and why`),
  );
});

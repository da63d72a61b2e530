// The design, drawn from the imports: rooms in order, no cycles, a pure plan, one exit, and sizes that a reader can hold.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "acorn";
import { full } from "acorn-walk";
import { COVERED_BY } from "./architecture/covered-by.ts";
import { STAGES } from "./architecture/stages.ts";

const MAX_LINES = 250;
const MAX_FUNCTION_LINES = 40;
const MAX_ROOM_FILES = 20;

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
  return {
    name,
    code: text.replaceAll(/\/\*.*?\*\/|(?<![:"'`\\])\/\/[^\n]*/gs, "").replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""'),
    lines: text.trimEnd().split("\n").length,
    imports: importsOf(text),
  };
}

function importsOf(text: string): readonly Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^;"']*?\s+from\s+)?["']([^"']+)["']/gm);
  const dynamic = text.matchAll(/import\(\s*["']([^"']+)["']\s*\)/g);
  return [
    ...Array.from(statements, ([, type, from = ""]) => ({ from, isTypeOnly: type !== undefined })),
    ...Array.from(dynamic, ([, from = ""]) => ({ from, isTypeOnly: false })),
  ];
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
      .map(({ name, lines }) => `${name} has ${lines} lines, more than ${MAX_LINES}: split it by subject`),
  );
});

test(`no function is longer than ${MAX_FUNCTION_LINES} lines`, () => {
  assertNone(
    files.flatMap(({ name }) =>
      functionsOf(name)
        .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
        .map(
          ({ lines, line }) =>
            `${name}:${line} has ${lines} lines, more than ${MAX_FUNCTION_LINES}: give its steps names of their own`,
        ),
    ),
  );
});

function functionsOf(name: string): readonly { readonly line: number; readonly lines: number }[] {
  const code = stripTypeScriptTypes(readFileSync(join(root, name), "utf8"));
  const found: { line: number; lines: number }[] = [];
  full(parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true }), ({ type, loc }) => {
    if (!/Function/.test(type) || loc === undefined || loc === null) return;
    found.push({ line: loc.start.line, lines: loc.end.line - loc.start.line + 1 });
  });
  return found;
}

test(`no room has more than ${MAX_ROOM_FILES} files`, () => {
  const sizes = Map.groupBy(files, ({ name }) => dirname(name));
  assertNone(
    [...sizes]
      .filter(([room, { length }]) => room !== "." && length > MAX_ROOM_FILES)
      .map(
        ([room, { length }]) => `${room}/ has ${length} files, more than ${MAX_ROOM_FILES}: two subjects live there`,
      ),
  );
});

test("each room begins with a README of 3 to 10 lines", () => {
  const rooms = new Set(files.map(({ name }) => dirname(name)).filter((room) => room !== "."));
  assertNone(
    [...rooms].flatMap((room) => {
      const path = join(root, room, "README.md");
      const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").length : 0;
      const what = "what is here, what is not, what flows in and out";
      return lines >= 3 && lines <= 10 ? [] : [`agent/${room}/README.md has ${lines} lines: say in 3 to 10 ${what}`];
    }),
  );
});

/** Files of types alone have nothing to test. */
function hasOnlyTypes(name: string): boolean {
  const code = stripTypeScriptTypes(readFileSync(join(root, name), "utf8"));
  return parse(code, { ecmaVersion: "latest", sourceType: "module" }).body.every(
    ({ type }) => type === "ImportDeclaration" || type === "EmptyStatement",
  );
}

const hasMirror = (name: string) => existsSync(join(root, "../test", name.replace(/\.ts$/, ".test.ts")));

test("each file has a test of its name, or a line that says which test covers it", () => {
  assertNone(
    files
      .map(({ name }) => name)
      .filter((name) => !hasMirror(name) && !(name in COVERED_BY) && !hasOnlyTypes(name))
      .map(
        (name) =>
          `agent/${name}: write test/${name.replace(/\.ts$/, ".test.ts")}, or name the test that covers it in test/architecture/covered-by.ts`,
      ),
  );
});

test("covered-by.ts is true: its files have no test of their name, and its tests load them", () => {
  const known = new Set(files.map(({ name }) => name));
  assertNone(
    Object.entries(COVERED_BY).flatMap(([name, covering]) => {
      if (!known.has(name)) return [`${name} is not in agent/: remove its line`];
      if (hasMirror(name)) return [`${name} has a test of its name: remove its line`];
      if (!existsSync(join(root, "../test", covering))) return [`${name}: there is no test/${covering}`];
      return loads(join(root, "../test", covering), join(root, name))
        ? []
        : [`${name}: test/${covering} does not load it`];
    }),
  );
});

/** Whether a file loads another one, be it through others. */
function loads(from: string, wanted: string): boolean {
  const seen = new Set<string>();
  const visit = (path: string): boolean => {
    if (path === wanted) return true;
    if (seen.has(path) || !existsSync(path)) return false;
    seen.add(path);
    return importsOf(readFileSync(path, "utf8"))
      .filter(({ from: imported, isTypeOnly }) => imported.startsWith(".") && !isTypeOnly)
      .some(({ from: imported }) => visit(join(dirname(path), imported)));
  };
  return visit(from);
}

test("every file says in its first line what it is for", () => {
  assertNone(
    files
      .filter(({ name }) => !/^\/\/ \S/.test(readFileSync(join(root, name), "utf8")))
      .map(({ name }) => `${name}: the first line is not a comment that says what and why`),
  );
});

// What a reader can hold: short files, functions and rooms, each with a word on what it is for and a test that covers it.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "acorn";
import { full } from "acorn-walk";
import { COVERED_BY } from "./covered-by.ts";
import { assertNone, files, importsOf, root } from "./sources.ts";

const MAX_LINES = 250;
const MAX_FUNCTION_LINES = 40;
const MAX_ROOM_FILES = 20;

test(`no file is longer than ${MAX_LINES} lines`, () => {
  assertNone(
    files
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ name, lines }) => `${name} has ${lines} lines, more than ${MAX_LINES}: split it by subject`),
  );
});

test(`no file of scripts/ and test/ is longer than ${MAX_LINES} lines`, () => {
  const top = join(root, "..");
  const names = ["scripts", "test"].flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: top }));
  assert.ok(names.length > 0);
  assertNone(
    names
      .map((name) => ({ name, lines: readFileSync(join(top, name), "utf8").trimEnd().split("\n").length }))
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

// The root's tables, read as what they are: data.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { MetricSource } from "../agent/health/metrics.ts";
import type { StatusSource } from "../agent/health/status.ts";
import { statusSchema } from "../agent/health/status-schema.ts";
import { createLoops, LOOPS, type LoopSpec } from "../agent/loops.ts";
import { createParts, type Parts } from "../agent/parts.ts";
import { REACTIONS } from "../agent/reactions.ts";
import { MemoryAws } from "./fakes/memory-aws.ts";
import { MemoryHost } from "./fakes/memory-host.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";
import { sampleConfig } from "./fakes/samples.ts";

const AGENT = new URL("../agent/", import.meta.url).pathname;
const read = (name: string) => readFileSync(join(AGENT, name), "utf8");

type Having<K extends string> = Extract<Parts[keyof Parts], { readonly [N in K]: () => unknown }>;

function has(part: unknown, name: string): boolean {
  return typeof (part as Record<string, unknown> | undefined)?.[name] === "function";
}

function build(context: TestContext) {
  const stop = new AbortController();
  context.after(() => stop.abort());
  const host = new MemoryHost();
  return createParts({
    host,
    aws: new MemoryAws(host.clock.now),
    config: sampleConfig(),
    configFile: "/etc/eks-satellite/config.yaml",
    log: createMemoryLog().log,
    environment: {},
    signal: stop.signal,
    emit: () => undefined,
  });
}

test("to build the parts touches nothing: no file, no process, no call", (context) => {
  const { host, aws, awsCalls } = build(context) as Parts & { host: MemoryHost };
  assert.deepEqual([host.spawned, host.commands, awsCalls.list()], [[], [], []]);
  assert.ok(aws !== undefined);
});

test("what a part says of itself fits the documents: its sections are of /status, its families have names of their own", (context) => {
  const parts = Object.values(build(context));
  // The types of both lines are the compiler's word that every part's answers fit.
  const shown: readonly StatusSource[] = parts.filter((part): part is Having<"status"> => has(part, "status"));
  const counted: readonly MetricSource[] = parts.filter((part): part is Having<"metrics"> => has(part, "metrics"));
  const sections = shown.flatMap((part) => Object.keys(part.status()));
  assert.ok(sections.length > 10);
  for (const section of sections) assert.ok(section in statusSchema.shape, `/status has no section ${section}`);
  const names = counted.flatMap((part) => part.metrics().map(({ name }) => name));
  assert.ok(names.length > 30);
  assert.equal(new Set(names).size, names.length);
});

test("each loop is a part's work: a line names a part that exists, and a period of the configuration", (context) => {
  const parts = build(context);
  for (const [name, { every, round }] of Object.entries<LoopSpec>(LOOPS)) {
    const used: string[] = [];
    const work = async () => undefined;
    const anyPart = new Proxy({}, { get: () => work });
    const recording = new Proxy(parts, {
      get: (_, key) => {
        used.push(String(key));
        return key === "board" ? parts.board : key === "readConfig" ? work : anyPart;
      },
    });
    void round(recording, []);
    assert.ok(used.length > 0, `${name} uses no part`);
    for (const key of used) assert.ok(key in parts, `${name} uses ${key}, which parts.ts does not build`);
    const period = typeof every === "function" ? every(parts) : parts.config.intervals[every];
    assert.ok((typeof period === "function" ? period() : period) > 0, name);
  }
});

test("a loop has the name of its line", (context) => {
  const loops = createLoops(build(context));
  assert.deepEqual(
    Object.entries(loops).map(([name, loop]) => [name, loop.name]),
    Object.keys(LOOPS).map((name) => [name, name]),
  );
});

test("each event that a part emits has a reaction, and each reaction an event that is emitted", () => {
  const emitted = new Set<string>();
  for (const name of globSync("**/*.ts", { cwd: AGENT }))
    for (const [, kind = ""] of read(name).matchAll(/emit\??\.?\(\{\s*kind: "([a-z-]+)"/g)) emitted.add(kind);
  assert.ok(emitted.size > 10);
  assert.deepEqual([...emitted].toSorted(), Object.keys(REACTIONS).toSorted());
});

test("in the root no name is used before it is declared", () => {
  for (const name of ["parts.ts", "loops.ts", "agent.ts"]) {
    const code = read(name).replaceAll(/\/\*.*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"/gs, "");
    for (const body of code.split(/^(?=(?:export )?(?:async )?function )/m))
      for (const { index, groups } of body.matchAll(/^ {2}const (?:(?<one>\w+)|\{(?<many>[^}]*)\}) =/gm)) {
        const declared = groups?.one === undefined ? (groups?.many ?? "").split(",") : [groups.one];
        for (const each of declared.map((word) => word.trim().split(":").at(-1)?.trim() ?? "").filter(Boolean)) {
          const before = body.slice(0, index).replace(/^[^\n]*\n/, "");
          assert.ok(
            !new RegExp(`(?<![.\\w])${each}(?!\\w|:)`).test(before),
            `${name}: ${each} is used before its line`,
          );
        }
      }
  }
});

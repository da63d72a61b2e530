// A reporter of node:test: where the time of a stage of `scripts/test` went, by test and by file.
import { relative } from "node:path";

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string;
    readonly details?: { readonly duration_ms?: number };
    readonly duration_ms?: number;
  };
}

interface Row {
  readonly name: string;
  readonly ms: number;
}

const MAX_ROWS = 20;

/** Yields two Markdown tables when the last test has ended. A file's time has its hooks in it, and its first test's time those that came before. */
export default async function* slowest(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tests: Row[] = [];
  const files: Row[] = [];
  for await (const { type, data } of events) {
    const file = data.file === undefined ? undefined : relative(process.cwd(), data.file);
    if (type === "test:pass" || type === "test:fail") {
      if (data.nesting === 0) tests.push({ name: data.name ?? "", ms: data.details?.duration_ms ?? 0 });
    } else if (type === "test:summary" && file !== undefined) files.push({ name: file, ms: data.duration_ms ?? 0 });
  }
  yield `${table("file", files)}\n${table("test", tests)}`;
}

/** Files of the tables that {@link slowest} has written, the slowest first. */
export function readFiles(tables: string): readonly string[] {
  const [ofFiles = ""] = tables.split("| seconds | test |");
  return Array.from(ofFiles.matchAll(/^\| [\d.]+ \| (\S+) \|$/gm), ([, file = ""]) => file);
}

function table(what: string, rows: readonly Row[]): string {
  const shown = rows.toSorted((one, other) => other.ms - one.ms).slice(0, MAX_ROWS);
  const lines = shown.map(({ name, ms }) => `| ${(ms / 1000).toFixed(1)} | ${name} |\n`);
  return `| seconds | ${what} |\n| ---: | --- |\n${lines.join("")}`;
}

// Runs test files as `node --test` does, but those first that took the longest the last time: one that begins when the others end
// runs by itself, and the stage waits for it.
// node test/run.ts --table FILE [--concurrency N] [--timeout MS] [--table-of-all] FILE…
import { readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import slowest, { readFiles } from "./slowest-reporter.ts";
import everyTest from "./vm/table-reporter.ts";

/** Puts the files of the last run's table first, the slowest of them at the head; the others keep their order. */
export function longestFirst(files: readonly string[], slowestLast: readonly string[]): readonly string[] {
  const known = slowestLast.filter((file) => files.includes(file));
  return [...known, ...files.filter((file) => !known.includes(file))];
}

function readTable(path: string): readonly string[] {
  try {
    return readFiles(readFileSync(path, "utf8"));
  } catch {
    return []; // the first run has none
  }
}

/** @returns whether all of them passed */
async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      table: { type: "string" },
      concurrency: { type: "string", default: "1" },
      timeout: { type: "string", default: "1800000" },
      "table-of-all": { type: "boolean", default: false },
    },
  });
  const { table: path } = values;
  if (path === undefined) throw new Error("where the table of times is: --table FILE");
  const files = longestFirst(positionals, readTable(path));
  // Who ends the runner ends its files too, as with `node --test`.
  const over = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => over.abort());
  const [concurrency, timeout] = [Number(values.concurrency), Number(values.timeout)];
  const events = run({ files: [...files], concurrency, timeout, signal: over.signal });
  events.setMaxListeners(30); // each reporter has several
  // Without a summary of all the runner itself has broken off.
  let hasPassed = false;
  events.on("test:summary", ({ file, success }) => {
    if (file === undefined) hasPassed = success;
  });
  const table = text(events.compose(slowest));
  const printed = [pipeline(events.compose(new spec()), process.stdout, { end: false })];
  if (values["table-of-all"]) printed.push(pipeline(events.compose(everyTest), process.stdout, { end: false }));
  await Promise.all(printed);
  // At once, at the end: a run that is broken off leaves the table of the one before.
  writeFileSync(path, await table);
  return hasPassed;
}

if (import.meta.main) process.exitCode = (await main()) ? 0 : 1;

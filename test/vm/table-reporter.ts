// A reporter of node:test for `scripts/test --vm`: a table of the tests with their seconds, and what ran the machine.
import { readAccelerator } from "../sandbox/machine/accelerator.ts";

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly details?: { readonly duration_ms?: number };
  };
}

const results: Readonly<Record<string, string>> = { "test:pass": "✔", "test:fail": "✖" };

/** Yields nothing until the last test has ended. */
export default async function* table(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const lines: string[] = [];
  for await (const { type, data } of events) {
    const result = results[type];
    if (result === undefined || data.nesting !== 0) continue;
    const seconds = ((data.details?.duration_ms ?? 0) / 1000).toFixed(0).padStart(5);
    lines.push(`${result} ${seconds} s  ${data.name}\n`);
  }
  yield `\n${lines.join("")}accelerator: ${await readAccelerator()}\n`;
}

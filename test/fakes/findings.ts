// A check in front of a machine with one thing wrong: a row of a table, run as a test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "./check-machine.ts";

/** What is wrong, how the healthy machine is spoiled for it, and what the check makes of it. */
export type Wrong = readonly [
  check: string,
  what: string,
  spoil: (world: ReturnType<typeof setUpCheck>) => void,
  outcome: string,
  /** Of evidence and remedy, in one line. */
  says: RegExp,
];

/** Makes a test of each row. */
export function testFindings(rows: readonly Wrong[]): void {
  for (const [name, what, spoil, outcome, says] of rows) {
    test(`${name}: ${what} is ${outcome}, with evidence and remedy`, async () => {
      const world = setUpCheck();
      spoil(world);
      const finding = await world.find(name);
      assert.equal(finding.outcome, outcome, JSON.stringify(finding));
      assert.match(`${finding.evidence} ${finding.remedy ?? ""}`, says);
    });
  }
}

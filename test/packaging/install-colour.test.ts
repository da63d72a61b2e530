// Whether packaging/install.sh colours its errors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine } from "./install-machine.ts";

test("an error is red where FORCE_COLOR asks for it, and NO_COLOR wins", async () => {
  const red = `${String.fromCodePoint(27)}[31mERROR`;
  const says = /ERROR/;
  for (const [environment, isRed] of [
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [{}, false],
  ] as const) {
    const { stderr } = await (await Machine.create()).install(["--nonsense"], { environment });
    assert.match(stderr, says);
    assert.equal(stderr.includes(red), isRed, JSON.stringify(environment));
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, hasCode, SatelliteError } from "../agent/errors.ts";

test("the code and the hint are those nearest to the top, the message tells the whole chain", () => {
  const root = new Error("ECONNREFUSED");
  const inner = new SatelliteError("aws-unreachable", "DescribeCluster was not answered", {
    hint: "Check DNS.",
    cause: root,
  });
  const outer = new SatelliteError("cluster-unknown", "the cluster is not known", { cause: inner });
  assert.deepEqual(describe(outer), {
    code: "cluster-unknown",
    message: "the cluster is not known: DescribeCluster was not answered: ECONNREFUSED",
    hint: "Check DNS.",
  });
  assert.deepEqual([hasCode(outer, "aws-unreachable"), hasCode(outer, "other")], [true, false]);
});

test("a message that a link above tells already is not repeated", () => {
  const cause = new Error("no space left");
  assert.equal(
    describe(new SatelliteError("x", "write failed: no space left", { cause })).message,
    "write failed: no space left",
  );
});

test("Node's own errors keep their code, anything else is unexpected", () => {
  assert.equal(describe(Object.assign(new Error("x"), { code: "EMFILE" })).code, "EMFILE");
  assert.equal(describe(new TypeError("x is not a function")).code, "unexpected");
  assert.deepEqual(describe("just a text"), { code: "unexpected", message: "just a text", hint: undefined });
  assert.equal(describe(undefined).code, "unexpected");
  assert.equal(describe(null).code, "unexpected");
});

test("a chain that bites its tail ends", () => {
  const one = new Error("one");
  const two = new Error("two", { cause: one });
  one.cause = two;
  assert.equal(describe(one).message, "one: two");
});

test("an error of another copy of the class, as each file of the program has one, is known by its code and hint", async () => {
  const copy = "../agent/errors.ts?copy";
  const other = (await import(copy)) as typeof import("../agent/errors.ts");
  const error = new other.SatelliteError("disk-full", "it is full", { hint: "Make room." });
  assert.notEqual(other.SatelliteError, SatelliteError);
  assert.ok(error instanceof SatelliteError);
  assert.deepEqual(describe(error), { code: "disk-full", message: "it is full", hint: "Make room." });
  for (const value of [new Error("x"), { code: "disk-full" }, null, "text"])
    assert.ok(!(value instanceof SatelliteError));
});

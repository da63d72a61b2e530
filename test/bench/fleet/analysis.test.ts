import assert from "node:assert/strict";
import { test } from "node:test";
import { busiestSecond, ratesByKind, returnShare, wellTimes } from "./analysis.ts";
import { type RequestNote, readRecord } from "./record.ts";

const request = (atMs: number, node: number, kind = "LIST nodes", outcome = "200"): RequestNote => ({
  atMs,
  node,
  server: "api",
  kind,
  outcome,
});

test("rates are those of one node and hour, within the span alone", () => {
  const requests = [0, 30_000, 59_999, 60_000].map((atMs) => request(atMs, 0));
  assert.deepEqual(ratesByKind([...requests, request(1, 1, "POST events")], { fromMs: 0, toMs: 60_000 }, 2), {
    "LIST nodes": 90,
    "POST events": 30,
  });
});

test("the busiest second begins anywhere", () => {
  const at = (...times: number[]) => times.map((atMs) => ({ atMs }));
  assert.equal(busiestSecond(at(0, 900, 1100, 1899, 1900, 5000)), 3);
  assert.equal(busiestSecond([]), 0);
});

test("the first answers of the fleet are compared, and silence is none", () => {
  const notes = [request(10, 0, "LIST nodes", "silence"), request(20, 0), request(30, 0), request(900, 1)];
  assert.equal(returnShare([request(5, 3), ...notes, request(4000, 2), request(6000, 3)], 8, 4), 0.5);
});

test("a node is well when all conditions are true, since the last time that they became so", () => {
  const note = (atMs: number, node: number, condition: string, status = "True") => ({ atMs, node, condition, status });
  const early = [note(1, 0, "A"), note(2, 0, "B"), note(3, 1, "A")];
  assert.equal(wellTimes(early, ["A", "B"], 2), undefined);
  const later = [...early, note(4, 1, "B"), note(5, 0, "B", "False"), note(6, 0, "C", "False"), note(7, 0, "B")];
  assert.deepEqual(wellTimes(later, ["A", "B"], 2), [7, 4]);
});

test("a line that is not whole yet is left out of the record", () => {
  const text = `${JSON.stringify(request(1, 2))}\n{"atMs":2,"attempt":"sts"}\n{"atMs":3,"node":1,"condition":"A","status":"True"}\n{"atMs":`;
  const { requests, attempts, conditions } = readRecord(text);
  assert.deepEqual([requests.length, attempts.length, conditions.length], [1, 1, 1]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { networkProblemOf } from "../../agent/aws/network-error.ts";
import { SatelliteError } from "../../agent/errors.ts";

const coded = (code: string) => Object.assign(new Error(code), { code });
const wrapped = (cause: unknown) => new SatelliteError("http-failed", "GET was not answered", { cause });

test("the problem is found in the causes of the error", () => {
  assert.equal(networkProblemOf(wrapped(coded("ENOTFOUND"))), "dns");
  assert.equal(networkProblemOf(wrapped(new SatelliteError("dns-failed", "no such name"))), "dns");
  assert.equal(networkProblemOf(wrapped(coded("ECONNREFUSED"))), "refused");
  assert.equal(networkProblemOf(wrapped(coded("EHOSTUNREACH"))), "timeout");
  assert.equal(networkProblemOf(wrapped(new DOMException("late", "TimeoutError"))), "timeout");
  assert.equal(networkProblemOf(wrapped(coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"))), "certificate");
  assert.equal(networkProblemOf(wrapped(coded("ECONNRESET"))), "other");
  assert.equal(networkProblemOf("a string"), "other");
});

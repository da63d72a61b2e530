import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import type { SatelliteError } from "../../agent/errors.ts";
import { resolveName } from "../../agent/host/dns.ts";

/** Longer than a DNS label may be: getaddrinfo refuses it without asking a server. */
const IMPOSSIBLE = `${"a".repeat(64)}.invalid`;

test("a name of /etc/hosts has its addresses", async () => {
  const addresses = await resolveName("localhost");
  assert.ok(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join(", "));
});

test("an address resolves to itself", async () => {
  assert.deepEqual(await resolveName("192.0.2.7"), ["192.0.2.7"]);
});

test("a name that cannot be resolved is an error that names it", async () => {
  await assert.rejects(resolveName(IMPOSSIBLE), {
    code: "dns-failed",
    message: `the name ${IMPOSSIBLE} cannot be resolved`,
    hint: /resolvectl status/,
  });
});

test("a resolver that never answers is given up, and asked once", async (context) => {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const lookup = context.mock.method(dns, "lookup", () => promise);
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
    reject(new Error("the test is over"));
  });
  const began = performance.now();
  const questions = Array.from({ length: 3 }, () => resolveName("hangs.example.com"));
  for (const question of questions)
    await assert.rejects(question, ({ code, cause }: SatelliteError) => {
      assert.equal(code, "dns-failed");
      return /no answer in 5 s/.test(String(cause));
    });
  assert.ok(performance.now() - began < 8000);
  assert.equal(lookup.mock.callCount(), 1);
});

test("callers at the same time share one lookup, and a failed one is not remembered", async () => {
  const both = await Promise.allSettled([resolveName(IMPOSSIBLE), resolveName(IMPOSSIBLE)]);
  const [one, other] = both.map((result) => (result.status === "rejected" ? result.reason.cause : undefined));
  assert.ok(one instanceof Error);
  assert.equal(one, other, "the same error of the same lookup");
  await assert.rejects(resolveName(IMPOSSIBLE), ({ cause }: Error) => cause instanceof Error && cause !== one);
});

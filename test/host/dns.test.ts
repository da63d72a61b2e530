import assert from "node:assert/strict";
import { test } from "node:test";
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

test("callers at the same time share one lookup, and a failed one is not remembered", async () => {
  const both = await Promise.allSettled([resolveName(IMPOSSIBLE), resolveName(IMPOSSIBLE)]);
  const [one, other] = both.map((result) => (result.status === "rejected" ? result.reason.cause : undefined));
  assert.ok(one instanceof Error);
  assert.equal(one, other, "the same error of the same lookup");
  await assert.rejects(resolveName(IMPOSSIBLE), ({ cause }: Error) => cause instanceof Error && cause !== one);
});

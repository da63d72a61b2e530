import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import dns from "node:dns/promises";
import { once } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import { type TestContext, test } from "node:test";
import type { SatelliteError } from "../../agent/errors.ts";
import { askNameServer, resolveName } from "../../agent/host/dns.ts";

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

/** Answers each question as it is given one: with an address, with a code of RFC 1035, or not at all. */
async function nameServer(context: TestContext, answer: string | number | "silence"): Promise<string> {
  const server: Socket = createSocket("udp4");
  context.after(() => server.close());
  server.on("message", (question, { port, address }) => {
    if (answer === "silence") return;
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180 + (typeof answer === "number" ? answer : 0), 2);
    header.writeUInt16BE(typeof answer === "string" ? 1 : 0, 6);
    header.fill(0, 8, 12);
    // The question without the options that the client adds behind it.
    const end = question.indexOf(0, 12) + 5;
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...String(answer).split(".").map(Number)]);
    server.send(
      Buffer.concat([header, question.subarray(12, end), ...(typeof answer === "string" ? [record] : [])]),
      port,
      address,
    );
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${server.address().port}`;
}

const CLUSTER_NAME = "kubernetes.default.svc.cluster.local";

/** The code of c-ares that a question ends with. */
async function codeOf(server: string): Promise<unknown> {
  const question = askNameServer({ server, hostname: CLUSTER_NAME, timeoutSeconds: 1 });
  const error = await question.then(
    (addresses) => assert.fail(`it gave ${addresses}`),
    (thrown: SatelliteError) => thrown,
  );
  assert.equal(error.code, "dns-failed");
  assert.match(error.message, /kubernetes\.default/);
  return (error.cause as { code?: unknown }).code;
}

test("a name server's own answer is given, whatever the machine's resolver says", async (context) => {
  const server = await nameServer(context, "10.100.0.1");
  assert.deepEqual(await askNameServer({ server, hostname: CLUSTER_NAME, timeoutSeconds: 2 }), ["10.100.0.1"]);
});

test("a server that knows no such name, one that refuses, one that is silent and one that is not there differ", async (context) => {
  assert.equal(await codeOf(await nameServer(context, 3)), "ENOTFOUND");
  assert.equal(await codeOf(await nameServer(context, 5)), "EREFUSED");
  const began = performance.now();
  assert.match(String(await codeOf(await nameServer(context, "silence"))), /^(ETIMEOUT|ECANCELLED)$/);
  assert.ok(performance.now() - began < 3000, "its time is bounded");
  assert.equal(await codeOf("127.0.0.1:1"), "ECONNREFUSED");
});

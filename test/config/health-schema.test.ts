import assert from "node:assert/strict";
import { test } from "node:test";
import { healthSchema, healthUrl, isLoopback } from "../../agent/config/health-schema.ts";

test("the endpoint listens on loopback unless other machines are allowed", () => {
  assert.deepEqual(healthSchema.parse({}), { port: 9911, address: "127.0.0.1", allowRemote: false });
  const refused = healthSchema.safeParse({ address: "0.0.0.0" });
  assert.deepEqual(
    refused.error?.issues.map(({ path, message }) => `${path.join(".")} ${message.split(",")[0]}`),
    ["address is not a loopback address: set health.allowRemote too"],
  );
  assert.equal(healthSchema.parse({ address: "0.0.0.0", allowRemote: true }).address, "0.0.0.0");
});

test("every loopback address is one, and no other", () => {
  for (const address of ["127.0.0.1", "127.8.9.10", "::1"]) assert.ok(isLoopback(address), address);
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "fe80::1"]) assert.ok(!isLoopback(address), address);
});

test("a program on this machine reaches an endpoint of every interface on loopback", () => {
  const urlOf = (address: string) => healthUrl({ address, port: 9911 }, "/readyz");
  assert.equal(urlOf("127.0.0.1"), "http://127.0.0.1:9911/readyz");
  assert.equal(urlOf("0.0.0.0"), "http://127.0.0.1:9911/readyz");
  assert.equal(urlOf("::"), "http://[::1]:9911/readyz");
  assert.equal(urlOf("fd00::7"), "http://[fd00::7]:9911/readyz");
});

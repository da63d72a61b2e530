import assert from "node:assert/strict";
import { test } from "node:test";
import { isDirect, isNetworkDirect } from "../../agent/host/no-proxy.ts";
import { assertFast, FLOODS } from "../fakes/floods.ts";

const direct = (hostname: string, noProxy: string, port = "443") => isDirect({ hostname, port }, noProxy);

test("this machine itself is reached directly, whatever NO_PROXY says", () => {
  for (const host of ["localhost", "127.0.0.1", "127.9.8.7", "::1"]) assert.ok(direct(host, ""), host);
  assert.ok(!direct("10.0.0.1", ""));
});

test("a name stands for itself and all below it, with a dot or a star for those below it alone", () => {
  assert.ok(direct("a.example.com", "example.com"));
  assert.ok(direct("example.com", "example.com"));
  assert.ok(!direct("notexample.com", "example.com"));
  for (const entry of [".example.com", "*.example.com"])
    assert.deepEqual([direct("a.example.com", entry), direct("example.com", entry)], [true, false], entry);
});

test("addresses and networks of both families, and ports", () => {
  assert.ok(direct("10.1.2.3", "192.0.2.1, 10.0.0.0/8"));
  assert.ok(direct("2001:db8::7", "2001:db8::/32"));
  assert.ok(!direct("2001:db9::7", "2001:db8::/32"));
  assert.ok(direct("2001:db8::7", "[2001:db8::7]:443"));
  assert.ok(!direct("10.1.2.3", "10.1.2.3:80"));
  assert.ok(direct("a.example.com", "example.com:443"));
});

test("a network is direct where a wider one is, or its own, and not where a part of it is", () => {
  for (const wide of ["10.0.0.0/8", "10.100.0.0/16", "0.0.0.0/0", "*"])
    assert.ok(isNetworkDirect("10.100.0.0/16", wide), wide);
  for (const narrow of ["10.100.0.0/17", "10.100.0.1", "172.16.0.0/12", "10.100.0.0/33", ""])
    assert.ok(!isNetworkDirect("10.100.0.0/16", narrow), narrow);
  assert.ok(isNetworkDirect("fd00:1::/108", "fd00::/8"));
});

for (const [name, flood] of FLOODS)
  test(`1 MB of ${name} costs no time`, () => {
    assertFast(() => direct("a.example.com", flood), 1000);
  });

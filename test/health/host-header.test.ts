import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnHost } from "../../agent/health/host-header.ts";

const OWN = [
  "localhost",
  "LOCALHOST:9911",
  "127.0.0.1:9911",
  "127.0.0.2",
  "[::1]:9911",
  "[0:0:0:0:0:0:0:1]",
  undefined,
];
const FOREIGN = [
  ...["evil.example", "evil.example:9911", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:9911@evil"],
  ...["192.0.2.7", "", ":9911", "[::1", "::1", "0x7f000001", "2130706433", "127.1", "[::2]", "a b", "localhost:"],
];

test("this machine is asked for by a loopback name or address", () => {
  for (const host of OWN) assert.equal(isOwnHost(host, "127.0.0.1"), true, host);
  for (const host of FOREIGN) assert.equal(isOwnHost(host, "127.0.0.1"), false, host);
});

test("or by the address that is configured", () => {
  assert.equal(isOwnHost("192.0.2.7:9911", "192.0.2.7"), true);
  assert.equal(isOwnHost("[2001:db8:0::7]", "2001:db8::7"), true);
  assert.equal(isOwnHost("192.0.2.8", "192.0.2.7"), false);
});

test("an endpoint on every interface is asked for by any address, and by no name that a page could have", () => {
  for (const configured of ["0.0.0.0", "::"]) {
    assert.equal(isOwnHost("192.0.2.7:9911", configured), true);
    assert.equal(isOwnHost("[2001:db8::7]:9911", configured), true);
    assert.equal(isOwnHost("evil.example:9911", configured), false);
  }
});

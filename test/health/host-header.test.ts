import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnHost } from "../../agent/health/host-header.ts";

const OWN = [
  ...["localhost", "LOCALHOST:9911", "127.0.0.1:9911", "127.0.0.2", "[::1]:9911", "[0:0:0:0:0:0:0:1]"],
  ...["192.0.2.7", "192.0.2.7:9912", "[2001:db8::7]:9912", undefined],
];
const FOREIGN = [
  ...["evil.example", "evil.example:9911", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:9911@evil"],
  ...["", ":9911", "[::1", "::1", "0x7f000001", "2130706433", "127.1", "[localhost]", "a b", "localhost:"],
  ...["192.0.2.7.", "192.0.2", "192.0.2.256", "[192.0.2.7]", "[::1]evil", "[evil.example]"],
];

test("a request asks for localhost or for an address, be it another one than the endpoint's, as through a proxy", () => {
  for (const host of OWN) assert.equal(isOwnHost(host), true, host);
});

test("a name that a web page could have, or what is none, is refused", () => {
  for (const host of FOREIGN) assert.equal(isOwnHost(host), false, host);
});

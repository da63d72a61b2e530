import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, resolveEndpoints } from "../../agent/network/endpoints.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("names become addresses, those of IPv4 first; addresses stay as they are", async () => {
  const host = new MemoryHost();
  host.names.set("gw.example.com", ["2001:db8::1", "198.51.100.5"]);
  host.names.set("six.example.com", ["2001:db8::1"]);
  const endpoints = ["gw.example.com:51820", "six.example.com:51820", "198.51.100.9:51820", "none.example.com:1"];
  const resolved = await resolveEndpoints(host, endpoints, {});
  assert.deepEqual(
    endpoints.map((endpoint) => addressOf(endpoint, resolved)),
    ["198.51.100.5:51820", "[2001:db8::1]:51820", "198.51.100.9:51820", undefined],
  );
});

test("a name that cannot be resolved for a while keeps its address, and one that is gone is forgotten", async () => {
  const host = new MemoryHost();
  const known = { "gw.example.com:51820": "198.51.100.5:51820", "old.example.com:1": "192.0.2.1:1" };
  assert.deepEqual(await resolveEndpoints(host, ["gw.example.com:51820"], known), {
    "gw.example.com:51820": "198.51.100.5:51820",
  });
});

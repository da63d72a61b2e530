import assert from "node:assert/strict";
import { test } from "node:test";
import { hasOwnAddress, removeAddress } from "../../../agent/apply/tunnel/address.ts";
import { removeTunnelResource } from "../../../agent/apply/tunnel/removal.ts";
import type { AddressResource } from "../../../agent/plan/resource.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { actionsOf, createRounds } from "../../fakes/rounds.ts";

const ADDRESS: AddressResource = { kind: "address", address: "169.254.20.10", why: "a test" };

/** ip(8) of a machine, and what the kernel shows of its addresses. */
function setUp() {
  const host = new MemoryHost();
  let isThere = false;
  const show = () => host.files.put("/proc/net/fib_trie", isThere ? "|-- 169.254.20.10\n  /32 host LOCAL\n" : "");
  host.install("ip", ([, , verb, ...rest]) => {
    if (rest.includes("show") || verb === "show" || verb === "address")
      return { stdout: isThere ? "1: lo    inet 169.254.20.10/32 scope host lo:es-dns\n" : "" };
    isThere = verb === "replace";
    show();
    return {};
  });
  return host;
}

test("the address is given once, and again when another process has taken it", async () => {
  const host = setUp();
  const { apply } = createRounds(host);
  assert.deepEqual(actionsOf(await apply(ADDRESS)), ["create"]);
  assert.deepEqual(actionsOf(await apply(ADDRESS)), []);
  await removeAddress(host, ADDRESS.address);
  assert.deepEqual(actionsOf(await apply(ADDRESS)), ["create"]);
  assert.ok(host.commands.includes("ip -4 address replace 169.254.20.10/32 dev lo label lo:es-dns scope host"));
});

test("removing it takes the agent's own alone, and a second call changes nothing", async () => {
  const host = setUp();
  await removeAddress(host, ADDRESS.address);
  assert.ok(!host.commands.some((line) => line.includes("delete")));
  await createRounds(host).apply(ADDRESS);
  assert.equal(await hasOwnAddress(host, ADDRESS.address), true);
  assert.equal(await removeTunnelResource(host, "address:169.254.20.10"), true, "as pruning does");
  assert.equal(await hasOwnAddress(host, ADDRESS.address), false);
});

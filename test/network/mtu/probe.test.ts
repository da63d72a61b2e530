import assert from "node:assert/strict";
import { test } from "node:test";
import { passes, searchMtu } from "../../../agent/network/mtu/probe.ts";

/** A way that lets packets of up to so many bytes pass. */
function wayOf(largest: number, isSilent: () => boolean = () => false) {
  const sizes: number[] = [];
  const knock = async (_address: string, _port: number, _seconds: number, bytes = 8) => {
    sizes.push(bytes);
    return !isSilent() && bytes + 28 <= largest ? ("ok" as const) : ("silent" as const);
  };
  return { sizes, host: { knock } };
}

test("a packet passes, or does not, or the gateway is silent altogether", async () => {
  assert.equal(await passes(wayOf(1420).host, "10.20.1.5", 1420), true);
  const { host, sizes } = wayOf(1400);
  assert.equal(await passes(host, "10.20.1.5", 1420), false);
  assert.deepEqual(sizes, [1392, 1392, 1392, 8], "one packet may be lost for another reason");
  assert.equal(await passes(wayOf(1420, () => true).host, "10.20.1.5", 1420), undefined);
});

test("the largest size in steps of 16 is found with at most four sizes", async () => {
  for (const [largest, expected] of [
    [1340, 1328],
    [1419, 1408],
    [1280, 1280],
    [1279, "none"],
    [100, "none"],
  ] as const) {
    const { host, sizes } = wayOf(largest);
    assert.equal(await searchMtu(host, "10.20.1.5", 1420), expected);
    assert.ok(new Set(sizes).size <= 5, `${sizes}`);
  }
});

test("a gateway that becomes silent ends the search without a word", async () => {
  let knocks = 0;
  const { host } = wayOf(1300, () => {
    knocks += 1;
    return knocks > 5;
  });
  assert.equal(await searchMtu(host, "10.20.1.5", 1420), undefined);
});

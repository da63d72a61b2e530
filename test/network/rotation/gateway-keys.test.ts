import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayKeys } from "../../../agent/network/rotation/gateway-keys.ts";
import { readClusterWord } from "../../../agent/network/tunnel-entry.ts";
import { clusterMaps, OTHER_KEY } from "../samples.ts";

function sampleEntry() {
  const { network, gateways } = clusterMaps();
  const word = readClusterWord("gpu-1", network, gateways);
  assert.ok(word.kind === "entry");
  return word.entry;
}

test("the key in force takes the place of the one that the cluster says, until the cluster says another", () => {
  const keys = new GatewayKeys();
  const entry = sampleEntry();
  assert.deepEqual(keys.applyTo(entry), entry);
  keys.follow(OTHER_KEY, "NEW");
  assert.equal(keys.applyTo(entry).gateways[0]?.publicKey, "NEW");
  const newer = { ...entry, gateways: entry.gateways.map((gateway) => ({ ...gateway, publicKey: "NEW" })) };
  assert.deepEqual(keys.applyTo(newer), newer);
  assert.equal(keys.of(OTHER_KEY), OTHER_KEY, "what the cluster does not say any more is forgotten");
});

test("a change that is taken back leaves nothing", () => {
  const keys = new GatewayKeys();
  keys.follow(OTHER_KEY, "NEW");
  keys.follow(OTHER_KEY, OTHER_KEY);
  assert.equal(keys.of(OTHER_KEY), OTHER_KEY);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_FILE, setUpCheck } from "../fakes/check-machine.ts";
import { FARGATE_CONFIG } from "../fakes/samples.ts";

test("a cluster that knows the node's network is fine", async () => {
  const { find } = setUpCheck();
  const { outcome, evidence } = await find("remote-network");
  assert.deepEqual([outcome, evidence], ["ok", "192.0.2.10 is in 192.0.2.0/24"]);
});

test("a cluster that does not is a warning, which says what to do", async () => {
  const { find, aws } = setUpCheck();
  aws.cluster = { ...aws.cluster, remoteNetworks: { nodes: ["10.250.0.0/16"], pods: [] } };
  const { outcome, evidence, remedy } = await find("remote-network");
  assert.equal(outcome, "warn");
  assert.match(evidence, /192\.0\.2\.10 is outside cluster demo's remoteNodeNetworks \(10\.250\.0\.0\/16\)/);
  assert.match(remedy ?? "", /node\.ip/);
});

test("a node of another identity needs none", async () => {
  const { find, aws, host } = setUpCheck();
  aws.cluster = { ...aws.cluster, remoteNetworks: { nodes: [], pods: [] } };
  host.files.put(CONFIG_FILE, FARGATE_CONFIG);
  assert.match((await find("remote-network")).evidence, /identity fargate needs none/);
});

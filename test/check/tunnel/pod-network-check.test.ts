import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_FILE, setUpCheck } from "../../fakes/check-machine.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { MINIMAL_CONFIG } from "../../fakes/samples.ts";
import { putPodMachine } from "../../network/pods/samples.ts";
import { GATEWAY_KEY } from "../../network/watch/samples.ts";

function setUp({ cni = "routed", pods = "pods: [10.250.16.0/25], " } = {}) {
  const world = setUpCheck();
  const network = new MemoryNetwork(world.host);
  const gateway = `{ publicKey: ${GATEWAY_KEY}, endpoint: "198.51.100.5:51820", address: 10.20.1.5 }`;
  const tunnel = `{ mode: static, ${pods}address: 10.250.0.11, vpcCidrs: [10.20.0.0/16], gateways: [${gateway}] }`;
  world.host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nnetwork: { cni: ${cni}, tunnel: ${tunnel} }\n`);
  const give = putPodMachine(world.host, network);
  return { ...world, network, give };
}

test("pod-network: a machine whose pods get addresses says how many are given", async () => {
  const { find, give } = setUp();
  give("10.250.16.2");
  const { outcome, evidence } = await find("pod-network");
  assert.deepEqual(
    [outcome, evidence],
    ["ok", "pods get addresses of 10.250.16.0/25, with MTU 1420; 1 of 125 are given"],
  );
});

test("pod-network: the causes are those that the daemon names", async () => {
  const { find, network, host } = setUp();
  network.chains.set("FORWARD", ["-j DROP"]);
  const dropped = await find("pod-network");
  assert.match(dropped.evidence, /does not lead to the chain EKS-SATELLITE/);
  host.files.drop("/opt/cni/bin/ptp");
  assert.match((await find("pod-network")).evidence, /the CNI plugins ptp are not in/);
});

test("pod-network: a node without a network for pods fails with what gives it one; on the host's network it is not used", async () => {
  const { outcome, evidence, remedy } = await setUp({ pods: "" }).find("pod-network");
  assert.equal(outcome, "fail");
  assert.match(`${evidence} ${remedy}`, /has no network for its pods .*network\.tunnel\.pods/);
  const unused = await setUp({ cni: "host" }).find("pod-network");
  assert.deepEqual(
    [unused.outcome, unused.evidence],
    ["ok", "not used: pods use the host's network (network.cni: host)"],
  );
});

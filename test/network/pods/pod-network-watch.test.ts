import assert from "node:assert/strict";
import { test } from "node:test";
import type { TunnelFacts } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { criticalPodConditions, PodNetworkWatch } from "../../../agent/network/pods/pod-network-watch.ts";
import { createBoard } from "../../fakes/board.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { sampleConfig, sampleFacts, sampleTunnelFacts } from "../../fakes/samples.ts";
import { podMachine } from "./samples.ts";

function setUp(
  yaml = "network: { cni: routed }",
  tunnel: TunnelFacts = sampleTunnelFacts({ pods: ["10.250.16.0/28"] }),
) {
  const machine = podMachine();
  const { host } = machine;
  const { log, lines } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const known = { tunnel };
  const watch = new PodNetworkWatch({
    ...{ host, board, config: sampleConfig(yaml) },
    tunnel: () => known.tunnel,
    facts: () => sampleFacts() as ReturnType<ConstructorParameters<typeof PodNetworkWatch>[0]["facts"]>,
  });
  const round = async () => {
    await watch.round();
    await watch.round();
    await host.clock.advance(11_000);
    await watch.round();
    const { status, reason } = board.get("PodNetworkReady");
    return `${status} ${reason}`;
  };
  const metrics = () =>
    Object.fromEntries(
      watch.metrics().map(({ name, samples }) => [name.replace("eks_satellite_", ""), samples()[0]?.value]),
    );
  return { ...machine, watch, board, round, known, metrics, lines };
}

test("addresses are counted, and other files of host-local are none", async () => {
  const { round, give, watch, metrics } = setUp();
  give("10.250.16.2", "10.250.16.3");
  assert.equal(await round(), "True Ready");
  assert.deepEqual(watch.status(), {
    podNetwork: { networks: ["10.250.16.0/28"], mtu: 1420, addresses: { used: 2, capacity: 13 } },
  });
  assert.deepEqual(metrics(), { pod_addresses_used: 2, pod_addresses_capacity: 13 });
});

test("while all is well nine rounds of ten start no program; what files show is seen at once all the same", async () => {
  const { watch, host, round } = setUp();
  await watch.round();
  const before = host.commands.length;
  for (let turn = 0; turn < 9; turn += 1) await watch.round();
  assert.equal(host.commands.length, before);
  await watch.round();
  assert.equal(host.commands.length, before + 2);
  host.files.put("/etc/cni/net.d/05-cilium.conflist", "{}");
  assert.equal(await round(), "False CniConfigForeign");
});

test("a firewall that is reloaded takes the jump away: the next full round says so, and each one until it is back", async () => {
  const { network, round, watch, host } = setUp();
  await watch.round();
  network.chains.set("FORWARD", ["-j DROP"]);
  for (let turn = 0; turn < 10; turn += 1) await watch.round();
  assert.equal(await round(), "False ForwardDropped");
  network.chains.set("FORWARD", ["-j DROP", "-j EKS-SATELLITE"]);
  assert.equal(await round(), "False ForwardDropped", "it comes too late there");
  const before = host.commands.length;
  network.chains.set("FORWARD", ["-j EKS-SATELLITE", "-j DROP"]);
  assert.equal(await round(), "True Ready");
  assert.ok(host.commands.length > before);
});

test("a plugin that is missing or cannot be run is named", async () => {
  const { host, round, board } = setUp();
  host.files.drop("/opt/cni/bin/portmap");
  host.files.put("/opt/cni/bin/ptp", "", { mode: 0o644 });
  assert.equal(await round(), "False CniPluginMissing");
  assert.match(board.get("PodNetworkReady").message, /portmap, ptp/);
});

test("a network without a free address is full", async () => {
  const { give, round } = setUp();
  give(...Array.from({ length: 13 }, (_, index) => `10.250.16.${index + 2}`));
  assert.equal(await round(), "False PrefixFull");
});

test("an entry without a network for pods is a failure that the next entry ends", async () => {
  const { round, known, metrics, watch } = setUp(undefined, sampleTunnelFacts());
  assert.equal(await round(), "False PodPrefixMissing");
  assert.deepEqual([watch.status(), metrics().pod_addresses_capacity], [{}, undefined]);
  known.tunnel = sampleTunnelFacts({ pods: ["10.250.16.0/25"] });
  assert.equal(await round(), "True Ready");
});

test("on the host's network nothing is read and nothing is said", async () => {
  const { round, host, lines } = setUp("");
  assert.equal(await round(), "True NotUsed");
  assert.equal(host.commands.length, 0);
  assert.deepEqual(
    lines.filter(({ condition }) => condition === "PodNetworkReady"),
    [],
  );
});

test("it is critical where pods are to have addresses, and nowhere else", () => {
  assert.deepEqual(criticalPodConditions(sampleConfig("network: { cni: routed }")), ["PodNetworkReady"]);
  assert.deepEqual(criticalPodConditions(sampleConfig("network: { cni: none }")), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type CarriedTunnel, carriedTunnel } from "../../../agent/network/carried-tunnel.ts";
import { FoundMtus } from "../../../agent/network/mtu/found-mtus.ts";
import { type MtuEvent, PathMtu } from "../../../agent/network/mtu/path-mtu.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { createBoard } from "../../fakes/board.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { MemoryApi, READY } from "../../fakes/memory-node-api.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";
import { sampleHealth } from "../watch/samples.ts";

function setUp({ yaml = "", isOld = false } = {}) {
  const host = new MemoryHost();
  const way = { largest: 1420, probes: 0 };
  host.knock = async (_address, _port, _seconds, bytes = 8) => {
    if (bytes > 8) way.probes += 1;
    return bytes + 28 <= way.largest ? "ok" : "silent";
  };
  host.onFetch = () => ({
    status: 200,
    body: JSON.stringify(sampleHealth(isOld ? {} : { maxKnockBytes: 8893 })),
  });
  const { log } = createMemoryLog();
  const board = createBoard(log, host.clock);
  board.setTrue("TunnelConfigured", "Configured", "a test");
  board.setTrue("TunnelUp", "GatewayAnswers", "a test");
  const found = new FoundMtus();
  const config = sampleConfig(yaml);
  const gateway = sampleGateway();
  const tunnel = () => {
    const wanted = sampleTunnel({ gateways: [{ ...gateway, mtu: found.of(gateway.address) ?? 1420 }] });
    const links = planTunnel(config, wanted).filter((resource) => resource.kind === "tunnel");
    return carriedTunnel({ wanted, links }) as CarriedTunnel;
  };
  const api = new MemoryApi();
  const patches: unknown[] = [];
  api.patchAnnotations = async (_name, annotations) => void patches.push(annotations);
  const events: MtuEvent[] = [];
  const pathMtu = new PathMtu({
    ...{ host, log, board, found, config, tunnel, api: () => api },
    emit: (event) => void events.push(event),
  });
  pathMtu.see(READY);
  const mtu = () => tunnel().resource.mtu;
  return { host, board, way, found, pathMtu, patches, events, mtu };
}

test("what passes is probed each ten minutes, and changes nothing", async () => {
  const { host, way, pathMtu, patches, events } = setUp();
  for (let rounds = 0; rounds < 3; rounds += 1) await pathMtu.round();
  assert.equal(way.probes, 1);
  await host.clock.advance(10 * 60_000);
  await pathMtu.round();
  assert.deepEqual([way.probes, patches, events], [2, [], []]);
});

test("a black hole of full packets lowers both ends at once, with an event, and is said to the gateway", async () => {
  const { way, pathMtu, patches, events, mtu } = setUp();
  way.largest = 1340;
  await pathMtu.round();
  assert.equal(mtu(), 1328);
  assert.deepEqual(
    events.map((event) => (event.kind === "notice" ? event.reason : event.kind)),
    ["TunnelMtuLowered", "tunnel-changed"],
  );
  await pathMtu.round();
  await pathMtu.round();
  assert.deepEqual(patches, [{ "eks-satellite.io/tunnel-mtu": "1328" }]);
});

test("the full size is tried again after a day, not before, and taken back to the gateway where it passes", async () => {
  const { host, way, pathMtu, patches, mtu } = setUp();
  way.largest = 1340;
  await pathMtu.round();
  way.largest = 1420;
  await host.clock.advance(23 * 60 * 60_000);
  await pathMtu.round();
  assert.equal(mtu(), 1328);
  await host.clock.advance(2 * 60 * 60_000);
  await pathMtu.round();
  await pathMtu.round();
  assert.equal(mtu(), 1420);
  await pathMtu.round();
  assert.deepEqual(patches.at(-1), { "eks-satellite.io/tunnel-mtu": null });
});

test("a way that takes not even 1280 bytes is a problem of TunnelUp until it does", async () => {
  const { host, way, found, pathMtu, mtu, board } = setUp();
  way.largest = 1000;
  await pathMtu.round();
  assert.deepEqual([found.problem?.reason, mtu()], ["MtuBlackHole", 1280]);
  board.set("TunnelUp", { status: "False", reason: "MtuBlackHole", message: "" });
  await host.clock.advance(10 * 60_000);
  way.largest = 1420;
  await pathMtu.round();
  assert.equal(found.problem, undefined);
});

test("a gateway of an earlier version, which sends no large packets back, is no black hole", async () => {
  const { way, pathMtu, events } = setUp({ isOld: true });
  way.largest = 100;
  await pathMtu.round();
  assert.deepEqual([way.probes, events], [0, []]);
});

test("a gateway that is silent is not probed, and one that becomes silent while it is, is TunnelUp's", async () => {
  const { way, pathMtu, events, board, host } = setUp();
  way.largest = 0;
  await pathMtu.round();
  assert.deepEqual(events, []);
  board.set("TunnelUp", { status: "False", reason: "GatewayAway", message: "" });
  await host.clock.advance(11 * 60_000);
  const { probes } = way;
  await pathMtu.round();
  assert.equal(way.probes, probes);
});

test("a configured MTU is the user's, and is not probed", async () => {
  const { way, pathMtu, mtu } = setUp({ yaml: "network: { tunnel: { mtu: 1400 } }" });
  way.largest = 1300;
  await pathMtu.round();
  assert.deepEqual([way.probes, mtu()], [0, 1400]);
});

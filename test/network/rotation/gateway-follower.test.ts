import assert from "node:assert/strict";
import { test } from "node:test";
import { carriedTunnel } from "../../../agent/network/carried-tunnel.ts";
import { GatewayFollower } from "../../../agent/network/rotation/gateway-follower.ts";
import { GatewayKeys } from "../../../agent/network/rotation/gateway-keys.ts";
import { entryOfConfig, type TunnelEntry } from "../../../agent/network/tunnel-entry.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { createBoard } from "../../fakes/board.ts";
import { settle } from "../../fakes/memory-clock.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";
import { OTHER_KEY, STATIC_TUNNEL } from "../samples.ts";

const NEXT = Buffer.alloc(32, 9).toString("base64");

function setUp({ nextPublicKey = undefined as string | undefined } = {}) {
  const host = new MemoryHost();
  host.install("wg", () => ({}));
  const { log } = createMemoryLog();
  const board = createBoard(log, host.clock);
  board.setTrue("TunnelConfigured", "Configured", "a test");
  board.setTrue("TunnelUp", "GatewayAnswers", "a test");
  const keys = new GatewayKeys();
  const [gateway] = entryOfConfig(sampleConfig(STATIC_TUNNEL)).gateways;
  assert.ok(gateway);
  const entry: TunnelEntry = {
    ...entryOfConfig(sampleConfig(STATIC_TUNNEL)),
    gateways: [{ ...gateway, ...(nextPublicKey === undefined ? {} : { nextPublicKey }) }],
  };
  const stop = new AbortController();
  let changes = 0;
  const tunnel = () => {
    const wanted = sampleTunnel({ gateways: [sampleGateway({ publicKey: keys.of(OTHER_KEY) })] });
    const links = planTunnel(sampleConfig(), wanted).filter((resource) => resource.kind === "tunnel");
    return carriedTunnel({ wanted, links });
  };
  const follower = new GatewayFollower({
    ...{ host, log, board, keys, tunnel, entry: () => entry, signal: stop.signal },
    emit: () => {
      changes += 1;
    },
  });
  const silence = async () => {
    board.set("TunnelUp", { status: "False", reason: "GatewaySilent", message: "a test" });
    await host.clock.advance(11_000);
  };
  return { host, board, keys, follower, stop, silence, changes: () => changes };
}

test("a change that is announced is followed half a second after its moment, in one command, once", async () => {
  const { host, keys, follower, changes } = setUp();
  follower.announce(OTHER_KEY, { publicKey: NEXT, inMs: 20_000 });
  await host.clock.advance(10_000);
  follower.announce(OTHER_KEY, { publicKey: NEXT, inMs: 10_000 });
  await host.clock.advance(10_499);
  assert.equal(host.commands.length, 0);
  await host.clock.advance(1);
  assert.deepEqual(host.commands.length, 1);
  const command = `wg set es0 peer ${OTHER_KEY} remove peer ${NEXT} endpoint 198.51.100.5:51820 `;
  assert.ok(host.commands.some((line) => line.startsWith(command)));
  assert.deepEqual([keys.of(OTHER_KEY), changes()], [NEXT, 1]);
});

test("a gateway that is silent under its key is tried under the next one, and under the first again", async () => {
  const { host, keys, follower, silence } = setUp({ nextPublicKey: NEXT });
  await follower.round();
  assert.deepEqual(host.commands, [], "it answers");
  await silence();
  await follower.round();
  assert.equal(keys.of(OTHER_KEY), NEXT);
  await follower.round();
  assert.equal(host.commands.length, 1, "a handshake takes a while");
  await host.clock.advance(15_000);
  await follower.round();
  assert.equal(keys.of(OTHER_KEY), OTHER_KEY);
});

test("a gateway without a next key is left to the watch, and so is one whose moment is near", async () => {
  const alone = setUp();
  await alone.silence();
  await alone.follower.round();
  const near = setUp({ nextPublicKey: NEXT });
  await near.silence();
  near.follower.announce(OTHER_KEY, { publicKey: NEXT, inMs: 5000 });
  await near.follower.round();
  assert.deepEqual([...alone.host.commands, ...near.host.commands], []);
});

test("what the cluster has said meanwhile, and the end of the daemon, need no more", async () => {
  const { host, follower, stop, changes } = setUp();
  follower.announce("KEY-OF-BEFORE", { publicKey: NEXT, inMs: 0 });
  await host.clock.advance(1000);
  follower.announce(OTHER_KEY, { publicKey: NEXT, inMs: 1000 });
  stop.abort();
  await host.clock.advance(5000);
  await settle();
  assert.deepEqual([host.commands, changes()], [[], 0]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { StandbyKeys } from "../../../agent/network/rotation/standby-keys.ts";
import type { GatewayKeyEvent } from "../../../agent/network/watch/key-change.ts";
import type { WatchedTunnel } from "../../../agent/network/watch/watched-tunnel.ts";
import type { GatewayHealth } from "../../../agent/tunnel/health.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const [KEY, NEXT] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];
const STANDBY: WatchedTunnel = {
  interface: "es1",
  address: "10.250.0.11",
  gateway: { name: "gateway-1-standby", publicKey: KEY, endpoint: "198.51.100.6:51820", address: "10.20.2.5" },
  vpcCidrs: ["10.20.0.0/16"],
};

/** A gateway that answers with this digest, and with a change of its key when one is given. */
function setUp() {
  const host = new MemoryHost();
  const state = {
    digest: undefined as string | undefined,
    keyChange: undefined as GatewayHealth["keyChange"],
    asked: 0,
  };
  const knocks: string[] = [];
  host.knockForChange = async (address) => {
    knocks.push(address);
    return state.digest === undefined ? { reach: "silent" } : { reach: "ok", digest: state.digest };
  };
  host.onFetch = () => {
    state.asked += 1;
    const { digest, keyChange } = state;
    const you = { address: STANDBY.address };
    return {
      status: 200,
      body: JSON.stringify({ gateway: "gateway-1-standby", you, apiServers: [], digest, keyChange }),
    };
  };
  const events: GatewayKeyEvent[] = [];
  let standby: readonly WatchedTunnel[] = [STANDBY];
  const keys = new StandbyKeys({ host, standby: () => standby, emit: (event) => void events.push(event) });
  const leave = (tunnels: readonly WatchedTunnel[]) => {
    standby = tunnels;
  };
  return { state, knocks, events, keys, leave };
}

test("a change that the gateway which stands by announces is handed on, once", async () => {
  const { state, events, keys } = setUp();
  state.digest = "00000000000000aa";
  await keys.round();
  await keys.round();
  assert.deepEqual([state.asked, events], [1, []], "it is asked once for each digest");
  state.digest = "00000000000000bb";
  state.keyChange = { publicKey: NEXT, inMs: 60_000 };
  await keys.round();
  await keys.round();
  const change = { publicKey: NEXT, inMs: 60_000 };
  assert.deepEqual(events, [{ kind: "gateway-key-announced", from: KEY, change }]);
  assert.equal(state.asked, 2);
});

test("one that is silent, or of a version without digests, is not asked; and where none stands by nothing is", async () => {
  const { state, knocks, keys, leave } = setUp();
  await keys.round();
  assert.deepEqual([knocks, state.asked], [["10.20.2.5"], 0]);
  leave([]);
  await keys.round();
  assert.equal(knocks.length, 1);
});

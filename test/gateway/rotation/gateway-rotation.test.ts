import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayKey } from "../../../agent/gateway/rotation/gateway-key.ts";
import { ANNOUNCED_MS, GatewayRotation } from "../../../agent/gateway/rotation/gateway-rotation.ts";
import { Turns } from "../../../agent/gateway/rotation/turns.ts";
import { isoTime } from "../../../agent/time.ts";
import type { NetworkEntry } from "../../../agent/tunnel/entries.ts";
import { settle } from "../../fakes/memory-clock.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";

const FOLDER = "/var/lib/eks-satellite-gateway";
const DAY_MS = 24 * 60 * 60_000;

async function setUp({ host = new MemoryHost(), keyRotationDays = 30 } = {}) {
  const state = { exitCode: 0, changes: 0, gatewayKeysSince: undefined as string | undefined };
  host.install("wg", () => ({ exitCode: state.exitCode }));
  const key = await GatewayKey.open(host, `${FOLDER}/wireguard.key`);
  const stop = new AbortController();
  const network = { nodes: "10.250.0.0/24", vpcCidrs: ["10.20.0.0/16"], serviceCidr: "10.100.0.0/16" };
  const rotation = new GatewayRotation({
    ...{ host, key, log: createMemoryLog().log, turns: new Turns(), config: { keyRotationDays, stateFolder: FOLDER } },
    network: (): NetworkEntry =>
      state.gatewayKeysSince === undefined ? network : { ...network, gatewayKeysSince: state.gatewayKeysSince },
    onChange: () => {
      state.changes += 1;
    },
  });
  return { host, key, rotation, state, stop, old: key.publicKey, round: () => rotation.round(stop.signal) };
}

test("a key of the configured age is announced for a minute and a half, and changed at the announced moment", async () => {
  const { host, key, rotation, state, old, round } = await setUp();
  await round();
  assert.deepEqual(rotation.announcement(), {});
  await host.clock.advance(30 * DAY_MS);
  const ended = round();
  await settle();
  assert.deepEqual(rotation.announcement(), { keyChange: { publicKey: key.nextPublicKey, inMs: ANNOUNCED_MS } });
  assert.equal(state.changes, 1, "the entry says it, too");
  await host.clock.advance(ANNOUNCED_MS - 1);
  assert.deepEqual([host.commands, rotation.announcement().keyChange?.inMs], [[], 1]);
  await host.clock.advance(1);
  await ended;
  assert.deepEqual(host.commands, [`wg set esgw0 private-key ${FOLDER}/wireguard.key.next`]);
  assert.deepEqual(
    [key.publicKey === old, rotation.announcement(), state.changes, rotation.rotations],
    [false, {}, 2, 1],
  );
  await round();
  assert.equal(rotation.rotations, 1);
});

test("with 0 days the schedule never changes it, and an administrator's word does, once", async () => {
  const { host, rotation, state, round } = await setUp({ keyRotationDays: 0 });
  await host.clock.advance(400 * DAY_MS);
  await round();
  assert.equal(rotation.rotations, 0);
  // The administrator's clock is ahead.
  state.gatewayKeysSince = isoTime(host.clock.now() + 240_000);
  const ended = round();
  await host.clock.advance(ANNOUNCED_MS);
  await ended;
  assert.equal(rotation.rotations, 1);
  await round();
  const again = await setUp({ host, keyRotationDays: 0 });
  again.state.gatewayKeysSince = state.gatewayKeysSince;
  await again.round();
  assert.deepEqual([rotation.rotations, again.rotation.rotations], [1, 0], "over a restart, too");
});

test("a word from before this gateway's key is none for it", async () => {
  const { host, rotation, state, round } = await setUp({ keyRotationDays: 0 });
  state.gatewayKeysSince = isoTime(host.clock.now() - DAY_MS);
  await round();
  assert.deepEqual([rotation.announcement(), rotation.rotations], [{}, 0]);
});

test("a run that ended while it announced a change is followed by one that announces the same key anew", async () => {
  const first = await setUp();
  await first.host.clock.advance(30 * DAY_MS);
  const ended = first.round();
  await first.host.clock.advance(60_000);
  first.stop.abort();
  await ended;
  assert.deepEqual([first.host.commands, first.key.publicKey], [[], first.old]);
  const second = await setUp({ host: first.host });
  const again = second.round();
  await settle();
  assert.deepEqual(second.rotation.announcement(), {
    keyChange: { publicKey: first.key.nextPublicKey, inMs: ANNOUNCED_MS },
  });
  await first.host.clock.advance(ANNOUNCED_MS);
  await again;
  assert.equal(second.key.publicKey, first.key.nextPublicKey);
});

test("an interface that refuses the key keeps the old one, and it is tried again", async () => {
  const { host, key, state, rotation, old, round } = await setUp();
  await host.clock.advance(30 * DAY_MS);
  state.exitCode = 1;
  const ended = assert.rejects(round(), { code: "wireguard-failed" });
  await host.clock.advance(ANNOUNCED_MS);
  await ended;
  assert.deepEqual(
    [key.publicKey, rotation.announcement()],
    [old, { keyChange: { publicKey: key.nextPublicKey, inMs: 0 } }],
  );
  state.exitCode = 0;
  const again = round();
  await host.clock.advance(10);
  await again;
  assert.notEqual(key.publicKey, old);
});

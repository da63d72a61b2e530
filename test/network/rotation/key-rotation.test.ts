import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import type { WantedTunnel } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { carriedTunnel } from "../../../agent/network/carried-tunnel.ts";
import { ensurePublicKey, readPublicKey } from "../../../agent/network/key-file.ts";
import { KeyRotation, type RotationEvent } from "../../../agent/network/rotation/key-rotation.ts";
import { ensureNextKey, findStuckRotation } from "../../../agent/network/rotation/next-key.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { NEXT_PUBLIC_KEY_ANNOTATION, TUNNEL_KEY_FILE, TUNNEL_NEXT_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { MemoryApi, READY } from "../../fakes/memory-node-api.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";

const DAY_MS = 24 * 60 * 60_000;

/** A node with a tunnel and a gateway that consents, unless a test says otherwise. */
async function setUp({ isKeyPinned = false, yaml = "" } = {}) {
  const host = new MemoryHost();
  const state = { status: 200 as number | undefined, wgExitCode: 0 };
  const asked: string[] = [];
  host.install("wg", () => ({ exitCode: state.wgExitCode, stderr: "a test" }));
  host.onFetch = ({ url, method }) => {
    asked.push(`${method} ${new URL(url).host}`);
    if (state.status === undefined) throw new Error("silent");
    return { status: state.status, body: "" };
  };
  const config = sampleConfig(yaml);
  const old = await ensurePublicKey(host);
  const known: { gateways: WantedTunnel["gateways"]; publicKey: string } = {
    gateways: [sampleGateway()],
    publicKey: old,
  };
  const api = new MemoryApi();
  const patches: (Record<string, string | null> | undefined)[] = [];
  api.patchAnnotations = async (_name, annotations) => {
    if (api.failure !== undefined) throw api.failure;
    patches.push({ ...annotations });
  };
  const events: RotationEvent[] = [];
  const memoryLog = createMemoryLog();
  const tunnel = () => {
    const wanted = sampleTunnel({ ...known, isKeyPinned });
    const links = planTunnel(config, wanted).filter((resource) => resource.kind === "tunnel");
    return carriedTunnel({ wanted, links });
  };
  const create = () =>
    new KeyRotation({
      ...{ host, log: memoryLog.log, config, tunnel, api: () => api },
      emit: (event) => void events.push(event),
    });
  const rotation = create();
  rotation.see({ ...READY, tunnelKey: old });
  const key = () => readPublicKey(host);
  const next = () => host.files.peek(TUNNEL_NEXT_KEY_FILE);
  return { host, state, asked, old, known, api, patches, events, rotation, create, key, next, ...memoryLog };
}

test("a next key is announced, agreed on, given to the interface, and then the only one", async () => {
  const { host, asked, rotation, key, next, patches, events, old, known } = await setUp();
  await rotation.round();
  assert.deepEqual([patches, asked], [[], []], "nothing is under way");
  const fresh = await ensureNextKey(host);
  assert.equal(next()?.mode, 0o600);
  await rotation.round();
  assert.deepEqual(patches, [{ [NEXT_PUBLIC_KEY_ANNOTATION]: fresh }]);
  assert.deepEqual(asked, ["POST 10.20.1.5:51821"]);
  assert.deepEqual(host.commands, [`wg set es0 private-key ${TUNNEL_NEXT_KEY_FILE}`]);
  assert.deepEqual([await key(), next(), fresh === old], [fresh, undefined, false]);
  assert.deepEqual(
    events.map((event) => (event.kind === "notice" ? event.reason : event.kind)),
    ["TunnelKeyRotated", "tunnel-key-changed"],
  );
  // A machine that is slow makes its next plan some seconds later. Without its next key a gateway would go back to the old one.
  rotation.see({ ...READY, tunnelKey: old, nextTunnelKey: fresh });
  await rotation.round();
  assert.equal(patches.length, 1, "the plan is of before the change");
  // The plan has it, and the tunnel's part has said it: the next one goes from the Node.
  known.publicKey = fresh;
  await rotation.round();
  assert.equal(patches.length, 1, "the Node does not say the new key yet");
  rotation.see({ ...READY, tunnelKey: fresh, nextTunnelKey: fresh });
  await rotation.round();
  assert.deepEqual(patches.at(-1), { [NEXT_PUBLIC_KEY_ANNOTATION]: null });
  assert.deepEqual(rotation.status().tunnel?.keyRotation.rotations, 1);
});

test("by schedule: at the configured age, and never with 0 days", async () => {
  for (const [days, isRotated] of [
    [7, true],
    [0, false],
  ] as const) {
    const { host, rotation, key, old } = await setUp({ yaml: `network: { tunnel: { keyRotationDays: ${days} } }` });
    await host.clock.advance(7 * DAY_MS - 60_000);
    await rotation.round();
    assert.equal(await key(), old);
    await host.clock.advance(60_000);
    await rotation.round();
    assert.equal((await key()) !== old, isRotated);
  }
});

test("chance takes up to a tenth off the age, so that a fleet does not change its keys in one minute", async () => {
  const { host, create, key, old } = await setUp({ yaml: "network: { tunnel: { keyRotationDays: 10 } }" });
  host.random = () => 0.5;
  const rotation = create();
  rotation.see({ ...READY, tunnelKey: old });
  await host.clock.advance(9.5 * DAY_MS - 60_000);
  await rotation.round();
  assert.equal(await key(), old);
  await host.clock.advance(60_000);
  await rotation.round();
  assert.notEqual(await key(), old);
});

test("a gateway that does not know the key yet is asked again; the current key holds until it consents", async () => {
  const { host, state, asked, rotation, key, next, old } = await setUp();
  await ensureNextKey(host);
  for (const status of [409, undefined, 500]) {
    state.status = status;
    await rotation.round();
  }
  assert.deepEqual([await key(), host.commands, asked.length], [old, [], 3]);
  assert.ok(next());
  state.status = 200;
  await rotation.round();
  assert.notEqual(await key(), old);
});

test("an API server that is away delays the change, and a daemon that starts again goes on with the same key", async () => {
  const { host, api, create, rotation, key, patches } = await setUp();
  const fresh = await ensureNextKey(host);
  api.failure = new SatelliteError("api-unreachable", "a test");
  await rotation.round();
  assert.deepEqual([patches, host.commands], [[], []]);
  const again = create();
  await again.round();
  api.failure = undefined;
  again.see(READY);
  await again.round();
  assert.equal(await key(), fresh);
});

test("an interface that refuses keeps key and file; a disk that refuses gives the interface its old key again", async () => {
  const { host, state, rotation, key, next, old } = await setUp();
  await ensureNextKey(host);
  state.wgExitCode = 1;
  await assert.rejects(rotation.round(), { code: "wireguard-failed" });
  assert.deepEqual([await key(), next() !== undefined], [old, true]);
  state.wgExitCode = 0;
  const { move } = host.files;
  host.files.move = async () => {
    throw new SatelliteError("disk-full", "a test");
  };
  await assert.rejects(rotation.round(), { code: "disk-full" });
  assert.equal(host.commands.at(-1), `wg set es0 private-key ${TUNNEL_KEY_FILE}`);
  host.files.move = move.bind(host.files);
  await rotation.round();
  assert.notEqual(await key(), old);
});

test("a gateway of an earlier version declines: the next key goes, and the schedule waits for a day", async () => {
  const { host, state, rotation, key, next, old, messages } = await setUp();
  state.status = 405;
  await host.clock.advance(31 * DAY_MS);
  await rotation.round();
  assert.deepEqual([await key(), next()], [old, undefined]);
  assert.equal(rotation.status().tunnel?.keyRotation.state, "declined");
  await rotation.round();
  assert.equal(next(), undefined);
  assert.equal(messages("warn").length, 1);
  state.status = 200;
  await host.clock.advance(DAY_MS);
  await rotation.round();
  assert.notEqual(await key(), old);
});

test("a key that an administrator has entered by hand is not changed, neither by schedule nor by command", async () => {
  const { host, rotation, key, next, old, asked } = await setUp({ isKeyPinned: true });
  await host.clock.advance(400 * DAY_MS);
  await rotation.round();
  await ensureNextKey(host);
  await rotation.round();
  assert.deepEqual([await key(), next(), asked], [old, undefined, []]);
  assert.equal(rotation.status().tunnel?.keyRotation.state, "pinned");
});

test("of two gateways the one that carries the traffic is asked last; a second one that is silent does not matter, one that waits does", async () => {
  const { host, known, asked, rotation, key, old } = await setUp();
  known.gateways = [sampleGateway(), sampleGateway({ name: "gw-2", address: "10.20.2.5" })];
  await ensureNextKey(host);
  const answers = { "10.20.1.5:51821": 200, "10.20.2.5:51821": 409 } as Record<string, number>;
  host.onFetch = ({ url }) => {
    asked.push(new URL(url).host);
    const status = answers[new URL(url).host];
    if (status === undefined) throw new Error("silent");
    return { status, body: "" };
  };
  await rotation.round();
  assert.deepEqual([asked, await key()], [["10.20.2.5:51821"], old]);
  delete answers["10.20.2.5:51821"];
  await rotation.round();
  assert.deepEqual(asked.slice(1), ["10.20.2.5:51821", "10.20.1.5:51821"]);
  assert.notEqual(await key(), old);
});

test("a next key that others can read is thrown away, and never used", async () => {
  const { host, rotation, key, next, old } = await setUp();
  await ensureNextKey(host);
  await host.files.setMode(TUNNEL_NEXT_KEY_FILE, 0o644);
  await rotation.round();
  assert.deepEqual([await key(), next()], [old, undefined]);
});

test("a change that takes more than an hour is a problem of the tunnel, which names the way out", async () => {
  const { host } = await setUp();
  assert.equal(await findStuckRotation(host), undefined);
  await ensureNextKey(host);
  assert.equal(await findStuckRotation(host), undefined);
  await host.clock.advance(60 * 60_000);
  assert.equal((await findStuckRotation(host))?.code, "tunnel-rotation-stuck");
});

test("with two gateways both interfaces get the key at once: each gateway gives the addresses to the next one half a second after its word", async () => {
  const { host, known, rotation } = await setUp();
  const standby = { name: "two", publicKey: Buffer.alloc(32, 2).toString("base64"), address: "10.20.2.5" };
  known.gateways = [
    sampleGateway(),
    sampleGateway({ ...standby, endpoint: "198.51.100.6:51820", resolved: "198.51.100.6:51820" }),
  ];
  await ensureNextKey(host);
  await rotation.round();
  assert.deepEqual(
    host.commands,
    ["es0", "es1"].map((name) => `wg set ${name} private-key ${TUNNEL_NEXT_KEY_FILE}`),
  );
});

test("a key that an administrator replaces by hand right after a change is the node's key, and the next one goes all the same", async () => {
  const { host, rotation, known, patches } = await setUp();
  const fresh = await ensureNextKey(host);
  await rotation.round();
  known.publicKey = Buffer.alloc(32, 9).toString("base64");
  rotation.see({ ...READY, tunnelKey: known.publicKey, nextTunnelKey: fresh });
  await rotation.round();
  assert.deepEqual(patches.at(-1), { [NEXT_PUBLIC_KEY_ANNOTATION]: null });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Glance } from "../../../agent/apply/tunnel/glance.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { TUNNEL_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { actionsOf, createRounds } from "../../fakes/rounds.ts";
import { sampleConfig, sampleTunnel } from "../../fakes/samples.ts";

const ROUTES = "/proc/net/route";
const ROUTE = "es0\t0000140A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";

/** A machine whose tunnel has been compared in full and is as planned. */
async function setUp() {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  const key = makePrivateKey();
  host.files.put(TUNNEL_KEY_FILE, `${key.reveal()}\n`, { mode: 0o600 });
  host.files.put(ROUTES, `Iface\n${ROUTE}eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n`);
  const watch = { isWell: true };
  const rounds = createRounds(host, new Glance(host, { isTrue: () => true, isFailing: () => !watch.isWell }));
  const resources = planTunnel(sampleConfig(), sampleTunnel({ publicKey: publicKeyOf(key) }));
  const round = async () => actionsOf(await rounds.apply(...resources));
  await round();
  await round();
  const commands = async () => {
    const before = host.commands.length;
    const actions = await round();
    return { actions, started: host.commands.length - before };
  };
  return { host, network, watch, rounds, resources, commands };
}

const QUIET = { actions: [], started: 0 };

test("while the watch is content and no file says otherwise, a round starts no program for ten minutes", async () => {
  const { host, commands } = await setUp();
  for (let turn = 0; turn < 19; turn += 1) {
    await host.clock.advance(30_000);
    assert.deepEqual(await commands(), QUIET);
  }
  await host.clock.advance(30_000);
  const { actions, started } = await commands();
  assert.deepEqual(actions, []);
  assert.ok(started >= 5, `${started} programs`);
  assert.deepEqual(await commands(), QUIET, "and then not for another ten");
});

test("a route that goes is seen at once, and one of another interface is none of it", async () => {
  const { host, network, commands } = await setUp();
  host.files.put(ROUTES, `Iface\n${ROUTE}`);
  assert.deepEqual(await commands(), QUIET);
  host.files.put(ROUTES, "Iface\n");
  network.routes.delete("10.20.0.0/16");
  assert.deepEqual((await commands()).actions, ["update"]);
  host.files.put(ROUTES, `Iface\n${ROUTE}`);
  assert.ok((await commands()).started > 0, "what was changed is compared in full once more");
  assert.deepEqual(await commands(), QUIET);
});

test("a peer and a jump that are removed by hand are repaired as soon as the watch complains, and within ten minutes", async () => {
  const { host, network, watch, commands } = await setUp();
  network.peers.clear();
  network.chains.set("INPUT", []);
  assert.deepEqual(await commands(), QUIET);
  watch.isWell = false;
  assert.deepEqual((await commands()).actions, ["update", "update"]);
  watch.isWell = true;
  await commands();
  network.peers.clear();
  await host.clock.advance(600_000);
  assert.deepEqual((await commands()).actions, ["update"]);
});

test("another plan is compared in full, and so is each round after one that failed", async () => {
  const { host, network, rounds, resources, commands } = await setUp();
  const changed = resources.map((each) => (each.kind === "tunnel" ? { ...each, mtu: 1300 } : each));
  assert.deepEqual(actionsOf(await rounds.apply(...changed)), ["update"]);
  assert.equal(network.link?.mtu, 1300);
  host.uninstall("wg");
  for (let turn = 0; turn < 2; turn += 1) assert.ok((await commands()).started > 0);
});

test("a dry run beside the daemon compares in full", async () => {
  const { host, network, resources } = await setUp();
  network.setMtu(1300);
  assert.deepEqual(actionsOf(await createRounds(host).dryRun(...resources)), ["update"]);
});
